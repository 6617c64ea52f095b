package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.measure.Site;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// A device opened with each number of threads that is wanted of it.
final class Sites implements AutoCloseable {
    private final IntFunction<Device> opener;
    private final boolean chosen;
    private final List<Site> asked = new ArrayList<>();
    private final List<Site> all = new ArrayList<>();

    /// @param threads distinct
    /// @param chosen whether the user named them, so that there are to be no others
    Sites(List<Integer> threads, boolean chosen, IntFunction<Device> opener) {
        this.opener = opener;
        this.chosen = chosen;
        for (int count : threads) asked.add(open(count));
    }

    private Site open(int threads) {
        var site = new Site(opener.apply(threads), threads);
        all.add(site);
        return site;
    }

    /// Those asked for.
    List<Site> asked() {
        return List.copyOf(asked);
    }

    /// Those asked for, and one of a single thread unless the user chose.
    List<Site> andSingle() {
        if (chosen || asked.getFirst().threads() == 1) return asked();
        var single = all.stream().filter(s -> s.threads() == 1).findFirst();
        var both = new ArrayList<>(asked);
        both.add(single.isPresent() ? single.get() : open(1));
        return both;
    }

    @Override
    public void close() {
        all.forEach(site -> site.device().close());
    }
}
