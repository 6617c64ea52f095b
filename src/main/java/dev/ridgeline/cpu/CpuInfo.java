package dev.ridgeline.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What the operating system says of the processor.
///
/// @param model marketing name, or the architecture where the system does not tell
/// @param lastLevelCache bytes of the largest cache one core sees; 32 MiB where unknown
public record CpuInfo(String model, long lastLevelCache) {
    public static final CpuInfo HOST = new CpuInfo(readModel(), readLastLevelCache());

    private static String readModel() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.startsWith("model name"))
                    .findFirst()
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .orElseGet(() -> System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    private static long readLastLevelCache() {
        long largest = 0;
        for (int i = 0; i < 8; i++) {
            var size = Path.of("/sys/devices/system/cpu/cpu0/cache/index" + i + "/size");
            largest = Math.max(largest, read(size).map(CpuInfo::bytes).orElse(0L));
        }
        return largest == 0 ? 32L << 20 : largest;
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /// `32768K` or `32M`, as the kernel prints them.
    private static long bytes(String size) {
        long number = Long.parseLong(size.replaceAll("\\D", ""));
        return size.endsWith("M") ? number << 20 : size.endsWith("K") ? number << 10 : number;
    }
}
