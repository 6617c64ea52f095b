package dev.ridgeline.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A mistake in a kernel and how the stand-in shows it, from `kernels/standin/bugs.txt`.
///
/// @param what the mistake in one line
/// @param kernel `gemm/portable_mma`, which is compiled with it
/// @param file in the folder of the kernels; the kernel's source or a header of it
/// @param lines that stand in the file once
/// @param replacement lines that take their place
/// @param shows words of the report, or `wrong`
record PlantedBug(
        String what,
        String kernel,
        String file,
        List<String> lines,
        List<String> replacement,
        String shows) {
    static final Path KERNELS = Path.of("kernels");

    static List<PlantedBug> all() throws IOException {
        var text = Files.readString(KERNELS.resolve("standin/bugs.txt"));
        return Arrays.stream(text.split("\n== ")).skip(1).map(PlantedBug::parse).toList();
    }

    private static PlantedBug parse(String block) {
        var all = block.strip().lines().toList();
        return new PlantedBug(
                all.getFirst(),
                only(all, "kernel "),
                only(all, "in "),
                starting(all.subList(1, all.size()), "-"),
                starting(all.subList(1, all.size()), "+"),
                only(all, "shows "));
    }

    private static String only(List<String> lines, String word) {
        var found = starting(lines, word);
        if (found.size() != 1)
            throw new IllegalArgumentException(
                    "bugs.txt: '%s' has %d lines '%s'"
                            .formatted(lines.getFirst(), found.size(), word.strip()));
        return found.getFirst();
    }

    private static List<String> starting(List<String> lines, String mark) {
        return lines.stream()
                .filter(l -> l.startsWith(mark))
                .map(l -> l.substring(mark.length()))
                .toList();
    }

    /// Lays the kernel with the bug down in `folder`, as the Makefile wants it. What is there
    /// already keeps its time, so that nothing is compiled twice.
    void plant(Path folder) throws IOException {
        var source = kernel + ".cu";
        write(folder.resolve(source), Files.readString(KERNELS.resolve(source)));
        write(folder.resolve(file), mutated());
    }

    private String mutated() throws IOException {
        var was = Files.readAllLines(KERNELS.resolve(file));
        var places = new ArrayList<Integer>();
        for (int i = 0; i + lines.size() <= was.size(); i++)
            if (was.subList(i, i + lines.size()).equals(lines)) places.add(i);
        if (places.size() != 1)
            throw new IllegalArgumentException(
                    "bugs.txt: the lines of '%s' stand %d times in %s, not once"
                            .formatted(what, places.size(), file));
        var now = new ArrayList<>(was.subList(0, places.getFirst()));
        now.addAll(replacement);
        now.addAll(was.subList(places.getFirst() + lines.size(), was.size()));
        return String.join("\n", now) + "\n";
    }

    private static void write(Path file, String text) throws IOException {
        if (Files.exists(file) && Files.readString(file).equals(text)) return;
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /// A row of the table in `kernels/README.md`.
    String row() {
        return "| %s | `%s` | %s |"
                .formatted(
                        what,
                        file,
                        shows.equals("wrong") ? "wrong values" : "\"%s\"".formatted(shows));
    }
}
