#!/bin/sh
# image.sh CXX FLAGS SOURCE.cu BUILD/NAME OUTPUT STANDIN: compiles one kernel source for the stand-in.
set -eu
cxx=$1 flags=$2 source=$3 build=$4 output=$5 standin=$6
name=$(basename "$build")

$cxx $flags -DSTANDIN_SCAN -E -P "$source" | "$standin/build/scan" > "$build.list"
printf '#include "%s"\n#include "entries.h"\n' "$source" > "$build.cc"
$cxx $flags -DSTANDIN_LIST="\"$build.list\"" -DSTANDIN_ARCH="\"${name%%_*}\"" \
    -MMD -MP -MF "$build.d" -MT "$output" -c "$build.cc" -o "$build.o"

# Every `extern __shared__` array of the source is the same memory: a label each before one block of it.
{
    echo '.section .tbss, "awT", @nobits'
    echo '.balign 1024'
    { readelf -sW "$build.o" | awk '$4 == "TLS" && $7 == "UND" { print $8 }'; echo standin_dynamic_shared; } | sort -u |
        while read -r symbol; do printf '.globl %s\n.type %s, @tls_object\n%s:\n' "$symbol" "$symbol" "$symbol"; done
    echo '.zero 232448'
    echo '.section .note.GNU-stack, "", @progbits'
} > "$build.s"
$cxx -shared "$build.o" "$build.s" -Wl,-z,defs -L "$standin" -l:libcuda.so.1 -o "$output.part"
mv "$output.part" "$output"
