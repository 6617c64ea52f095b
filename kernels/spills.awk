# Reads a kernel source and then what `ptxas -v` said of it. Prints a line for each entry point and code: registers,
# shared memory, stack, spills. Fails on a spill that the source does not allow:
#   // spills-allowed: <entry> <bytes>
FNR == NR {
    if (match($0, /spills-allowed: /)) {
        split(substr($0, RSTART + RLENGTH), words, " ")
        allowed[words[1]] = words[2]
    }
    next
}
/Compiling entry function/ {
    split($0, quoted, "'")
    entry = quoted[2]
    code = quoted[4]
    next
}
/bytes stack frame/ && entry != "" {
    stack = $1
    spills = $5 + $9
    # A frame without spills is an array that registers cannot index.
    worst = spills > stack ? spills : stack
    if (worst > allowed[entry] + 0) {
        printf "%s: %s keeps %d bytes in local memory and spills %d for %s; make it smaller, or allow it by the " \
            "comment \"// spills-allowed: %s %d\"\n", source, entry, stack, spills, code, entry, worst > "/dev/stderr"
        failed = 1
    }
    next
}
/: Used [0-9]+ registers/ && entry != "" {
    match($0, /Used [0-9]+/)
    registers = substr($0, RSTART + 5, RLENGTH - 5)
    shared = 0
    if (match($0, /[0-9]+ bytes smem/)) shared = substr($0, RSTART, RLENGTH - 11)
    print entry, code, registers, shared, stack, spills
    entry = ""
}
END { exit failed }
