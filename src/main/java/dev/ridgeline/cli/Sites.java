package dev.ridgeline.cli;

import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.measure.Site;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/// The devices a command was asked to run on; a CPU once for each number of threads that is wanted
/// of it.
final class Sites implements AutoCloseable {
    private final List<Site> asked;
    private final Optional<IntFunction<Device>> opener;
    private Optional<Site> single = Optional.empty();

    private Sites(List<Site> asked, Optional<IntFunction<Device>> opener) {
        this.asked = List.copyOf(asked);
        this.opener = opener;
    }

    /// @param threads distinct
    /// @param chosen whether the user named them, so that there are to be no others
    static Sites cpu(List<Integer> threads, boolean chosen, IntFunction<Device> opener) {
        return new Sites(
                threads.stream().map(count -> new Site(opener.apply(count), count)).toList(),
                chosen ? Optional.empty() : Optional.of(opener));
    }

    /// @throws RuntimeException if one cannot be opened; those opened before are closed
    static Sites gpus(List<Integer> ordinals, IntFunction<Device> opener) {
        var sites = new ArrayList<Site>();
        try {
            for (int ordinal : ordinals) sites.add(new Site(opener.apply(ordinal), 1));
        } catch (RuntimeException e) {
            sites.forEach(site -> site.device().close());
            throw e;
        }
        return new Sites(sites, Optional.empty());
    }

    /// Those asked for.
    List<Site> asked() {
        return asked;
    }

    /// Those asked for, and for a CPU one of a single thread unless the user chose.
    List<Site> andSingle() {
        if (opener.isEmpty() || asked.stream().anyMatch(site -> site.threads() == 1)) return asked;
        if (single.isEmpty()) single = Optional.of(new Site(opener.get().apply(1), 1));
        var both = new ArrayList<>(asked);
        both.add(single.get());
        return both;
    }

    /// Whether these are GPUs.
    boolean gpus() {
        return asked.getFirst().device().multiprocessors().isPresent();
    }

    /// Whether the time that something takes here means anything.
    boolean timed() {
        return untimed().isEmpty();
    }

    private Optional<Site> untimed() {
        return asked.stream()
                .filter(site -> site.device() instanceof CudaDevice gpu && gpu.standin())
                .findFirst();
    }

    /// @throws Fault if it means nothing
    void requireTimed() {
        untimed()
                .ifPresent(
                        site -> {
                            throw Fault.environment(
                                    "%s is the stand-in driver, which computes on the CPU: it"
                                            + " proves kernels (ridgeline verify), and nothing on"
                                            + " it is timed",
                                    site.device().name());
                        });
    }

    @Override
    public void close() {
        asked.forEach(site -> site.device().close());
        single.ifPresent(site -> site.device().close());
    }
}
