package dev.ridgeline.cuda;

import dev.ridgeline.device.KernelId;
import dev.ridgeline.hardware.ComputeCapability;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The compiled kernels as one device has them: resources `kernels/<op>/<arch>_<idea>.fatbin` of
/// the jar, loaded when a kernel is first bound and kept. The stand-in driver brings its own, for
/// the processor, in files of the same names.
final class KernelImages implements AutoCloseable {
    static final String NOT_BUILT = "not built: nvcc was not found when Ridgeline was built";

    private final Driver driver;
    private final ComputeCapability capability;
    private final Optional<Path> standin;
    private final Map<KernelId, DriverModules.Module> modules = new HashMap<>();
    private final Map<String, DriverModules.Function> functions = new HashMap<>();

    /// @param standin folder of the stand-in's kernels; empty on a GPU
    KernelImages(Driver driver, ComputeCapability capability, Optional<Path> standin) {
        this.driver = driver;
        this.capability = capability;
        this.standin = standin;
    }

    /// Whether the build compiled it for GPUs.
    static boolean built(KernelId id) {
        return resource(id).isPresent();
    }

    private static Optional<URL> resource(KernelId id) {
        return Optional.ofNullable(
                KernelImages.class.getResource("/kernels/%s.fatbin".formatted(id)));
    }

    /// Why this device runs nothing with that kernel; empty if it may run something.
    Optional<String> refusal(KernelId id) {
        return needs(id.arch()).or(() -> image(id).isPresent() ? Optional.empty() : missing());
    }

    private Optional<String> missing() {
        return Optional.of(
                standin.<String>map(f -> "not built for the stand-in: make -C kernels standin")
                        .orElse(NOT_BUILT));
    }

    /// Compute capability as in `sm_90`.
    int sm() {
        return 10 * capability.major() + capability.minor();
    }

    /// Architectures with an `a` run on exactly the parts they name; the others are compiled by the
    /// driver for whatever is newer.
    Optional<String> needs(String arch) {
        int sm = sm();
        return switch (arch) {
            case "any" -> Optional.empty();
            case "portable" -> unless(sm >= 80, "sm_80 or newer", sm);
            case "sm89" -> unless(sm >= 89, "sm_89 or newer", sm);
            case "sm90a" -> unless(sm == 90, "sm_90", sm);
            case "sm100a" -> unless(sm == 100 || sm == 103, "sm_100 or sm_103", sm);
            case "sm120a" -> unless(sm == 120, "sm_120", sm);
            default -> throw new IllegalArgumentException("no kernel is built for " + arch);
        };
    }

    private static Optional<String> unless(boolean met, String needed, int sm) {
        return met
                ? Optional.empty()
                : Optional.of("needs %s, and this device is sm_%d".formatted(needed, sm));
    }

    private Optional<URL> image(KernelId id) {
        if (standin.isEmpty()) return resource(id);
        var file = standin.get().resolve(id + ".fatbin");
        try {
            return Files.exists(file) ? Optional.of(file.toUri().toURL()) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// An entry point of a kernel that [#refusal] has nothing against.
    synchronized DriverModules.Function function(KernelId id, String symbol) {
        return functions.computeIfAbsent(
                symbol, s -> driver.modules().function(modules.computeIfAbsent(id, this::load), s));
    }

    private DriverModules.Module load(KernelId id) {
        try (var in =
                image(id)
                        .orElseThrow(() -> new IllegalStateException(id + ": " + NOT_BUILT))
                        .openStream()) {
            return driver.modules().load(in.readAllBytes(), id.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("reading the image of " + id, e);
        }
    }

    @Override
    public synchronized void close() {
        modules.values().forEach(driver.modules()::unload);
        modules.clear();
        functions.clear();
    }
}
