package dev.ridgeline.hardware;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The limits that a container or a batch system puts on this process, in either version of Linux
/// control groups. The tightest of a group and its ancestors holds.
final class Cgroup {
    private static final String ROOT = "/sys/fs/cgroup";

    /// What version 1 prints for no limit is the largest page-aligned long.
    private static final long UNLIMITED = 1L << 62;

    private Cgroup() {}

    /// CPU time per time, in cores.
    static Optional<Double> cores(TextFiles files) {
        return tightest(
                Stream.concat(
                                directories(files, "")
                                        .flatMap(d -> files.read(d + "/cpu.max").stream()),
                                directories(files, "cpu").flatMap(d -> version1(files, d).stream()))
                        .map(Cgroup::ratio)
                        .filter(cores -> cores > 0));
    }

    /// Bytes.
    static Optional<Long> memory(TextFiles files) {
        return tightest(
                Stream.concat(
                                directories(files, "").map(d -> d + "/memory.max"),
                                directories(files, "memory").map(d -> d + "/memory.limit_in_bytes"))
                        .flatMap(file -> files.read(file).stream())
                        .filter(text -> !text.equals("max"))
                        .map(Long::parseLong)
                        .filter(bytes -> bytes < UNLIMITED));
    }

    private static <T extends Comparable<T>> Optional<T> tightest(Stream<T> limits) {
        return limits.min(Comparator.naturalOrder());
    }

    /// In the form of version 2, `quota period`.
    private static Optional<String> version1(TextFiles files, String directory) {
        return files.read(directory + "/cpu.cfs_quota_us")
                .flatMap(
                        quota ->
                                files.read(directory + "/cpu.cfs_period_us")
                                        .map(period -> quota + " " + period));
    }

    /// Of this process's group and its ancestors.
    ///
    /// @param controller of version 1, or empty for version 2
    private static Stream<String> directories(TextFiles files, String controller) {
        var root = controller.isEmpty() ? ROOT : ROOT + "/" + controller;
        return files.read("/proc/self/cgroup").stream()
                .flatMap(String::lines)
                .map(line -> line.split(":", 3))
                .filter(group -> group.length == 3)
                .filter(group -> Arrays.asList(group[1].split(",")).contains(controller))
                .flatMap(group -> ancestors(root, group[2]).stream());
    }

    private static List<String> ancestors(String root, String path) {
        var directories = new ArrayList<String>();
        for (var p = path; p.length() > 1; p = p.substring(0, p.lastIndexOf('/')))
            directories.add(root + p);
        directories.add(root);
        return directories;
    }

    /// `quota period`; no limit is `max` or -1, and gives a negative ratio.
    private static double ratio(String quotaAndPeriod) {
        var parts = quotaAndPeriod.split(" ");
        return parts[0].equals("max")
                ? -1
                : Double.parseDouble(parts[0]) / Double.parseDouble(parts[1]);
    }
}
