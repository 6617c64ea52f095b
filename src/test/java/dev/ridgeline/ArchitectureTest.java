package dev.ridgeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static java.util.Map.entry;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The layering, as a table. A new arrow is a change to this file, so a reviewer sees it.
class ArchitectureTest {
    private static final Map<String, Set<String>> MAY_USE =
            Map.ofEntries(
                    entry("tensor", Set.of()),
                    entry("op", Set.of("tensor")),
                    entry("hardware", Set.of("op", "tensor")),
                    entry("device", Set.of("hardware", "op", "tensor")),
                    entry("reference", Set.of("op", "tensor")),
                    entry("shard", Set.of("device", "hardware", "op", "tensor")),
                    entry("model", Set.of("shard", "device", "hardware", "op", "tensor")),
                    entry("residency", Set.of("model", "device", "op", "tensor")),
                    entry(
                            "cpu",
                            Set.of("device", "hardware", "op", "tensor", "jdk.incubator.vector")),
                    entry("cuda", Set.of("device", "hardware", "op", "tensor", "jcuda")),
                    entry(
                            "placement",
                            Set.of("model", "shard", "device", "hardware", "op", "tensor")),
                    entry(
                            "load",
                            Set.of(
                                    "placement",
                                    "model",
                                    "shard",
                                    "device",
                                    "hardware",
                                    "op",
                                    "tensor")),
                    entry("train", Set.of("model", "shard", "device", "op", "tensor")),
                    entry("measure", Set.of("reference", "device", "hardware", "op", "tensor")),
                    entry("report", Set.of("measure", "device", "hardware", "op", "tensor")),
                    entry(
                            "cli",
                            Set.of(
                                    "report",
                                    "measure",
                                    "train",
                                    "load",
                                    "placement",
                                    "residency",
                                    "model",
                                    "shard",
                                    "reference",
                                    "cpu",
                                    "cuda",
                                    "device",
                                    "hardware",
                                    "op",
                                    "tensor")));

    private static final Pattern NAMED =
            Pattern.compile("(?:dev/ridgeline/(\\w+)|(jcuda)|(jdk/incubator/vector))/");

    @Test
    void packages_use_only_what_the_table_allows() throws IOException {
        var root = Path.of("target/classes/dev/ridgeline");
        var broken = new TreeSet<String>();
        try (var files = Files.walk(root)) {
            for (Path file :
                    (Iterable<Path>) files.filter(f -> f.toString().endsWith(".class"))::iterator) {
                var home = root.relativize(file).getName(0).toString();
                for (var pool : ClassFile.of().parse(file).constantPool()) {
                    if (!(pool instanceof Utf8Entry text)) continue;
                    var m = NAMED.matcher(text.stringValue());
                    while (m.find()) {
                        var used =
                                m.group(1) != null
                                        ? m.group(1)
                                        : m.group().replace('/', '.').replaceAll("\\.$", "");
                        if (!used.equals(home) && !MAY_USE.get(home).contains(used))
                            broken.add(home + " -> " + used);
                    }
                }
            }
        }
        assertEquals(Set.of(), broken);
    }
}
