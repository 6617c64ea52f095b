package dev.ridgeline.load;

import dev.ridgeline.device.Link;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.placement.Runs;
import dev.ridgeline.shard.FileBytes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// One thread's part of a load: its places of the ring and its way to the device.
final class Lane implements AutoCloseable {
    enum Work {
        READ,
        CAST,
        COPY
    }

    private record Copied(Mark begun, Mark ended) {}

    private static final class Place {
        final MemorySegment memory;
        final MemorySegment cast;
        Optional<Copied> copying = Optional.empty();

        Place(MemorySegment memory, MemorySegment cast) {
            this.memory = memory;
            this.cast = cast;
        }
    }

    private final Loader.Options options;
    private final List<FileBytes> files;
    private final Optional<Target> target;
    private final Optional<Link> link;
    private final Arena arena = Arena.ofShared();
    private final List<Place> places = new ArrayList<>();
    private final Map<Work, Long> bytes = new EnumMap<>(Work.class);
    private final Map<Work, Double> busy = new EnumMap<>(Work.class);
    private double waited;
    private long inPlace;
    private int next;

    Lane(Loader.Options options, List<FileBytes> files, Optional<Target> target, long castBytes) {
        this.options = options;
        this.files = files;
        this.target = target;
        link = target.map(t -> t.device().link());
        for (int i = 0; i < options.places(); i++)
            places.add(
                    new Place(
                            staging(placeBytes(options)),
                            castBytes > 0 ? staging(castBytes) : MemorySegment.NULL));
    }

    static long placeBytes(Loader.Options options) {
        return options.blockBytes() + 2 * LoadPlan.BLOCK;
    }

    private MemorySegment staging(long bytes) {
        return link.map(l -> l.memory(bytes))
                .orElseGet(() -> arena.allocate(bytes, LoadPlan.BLOCK));
    }

    void run(Blocks blocks, AtomicBoolean stop) {
        for (var block = blocks.next(); block.isPresent() && !stop.get(); block = blocks.next()) {
            if (target.isPresent() && !readInPlace(block.get(), target.get()))
                stage(block.get(), target.get());
            else if (target.isEmpty()) read(block.get(), place().memory);
        }
        places.forEach(this::await);
    }

    private Place place() {
        var place = places.get(next++ % places.size());
        await(place);
        return place;
    }

    private void await(Place place) {
        if (place.copying.isEmpty()) return;
        long begin = System.nanoTime();
        var copy = place.copying.get();
        add(Work.COPY, 0, link.orElseThrow().in().seconds(copy.begun(), copy.ended()));
        waited += seconds(begin);
        place.copying = Optional.empty();
    }

    private boolean readInPlace(Extent block, Target to) {
        if (!options.inPlace() || block.cast() || to.host().isEmpty()) return false;
        var memory = to.host().get();
        var file = files.get(block.file());
        long alignment = file.alignment();
        for (var run : block.runs())
            if (run.from() % alignment != 0
                    || run.length() % alignment != 0
                    || run.stride() % alignment != 0) return false;
        if ((memory.address() + block.at()) % alignment != 0) return false;
        long begin = System.nanoTime();
        long at = block.at();
        for (var run : block.runs())
            for (long i = 0; i < run.count(); i++, at += run.length())
                file.read(
                        run.from() + i * run.stride(),
                        run.length(),
                        memory.asSlice(at, run.length()));
        add(Work.READ, block.bytes(), seconds(begin));
        inPlace += block.bytes();
        return true;
    }

    private void stage(Extent block, Target to) {
        var place = place();
        var memory = read(block, place.memory);
        if (block.cast()) {
            boolean there = options.inPlace() && to.host().isPresent();
            var cast =
                    there
                            ? to.host().get().asSlice(block.at(), block.landing())
                            : place.cast.asSlice(0, block.landing());
            long begin = System.nanoTime();
            Cast.run(block.type(), memory, block.target(), cast);
            add(Work.CAST, block.bytes(), seconds(begin));
            if (there) return;
            memory = cast;
        }
        var in = link.orElseThrow().in();
        var begun = in.mark();
        link.get().fetch(to.buffer(), to.shift() + block.at(), memory).on(in);
        place.copying = Optional.of(new Copied(begun, in.mark()));
        add(Work.COPY, memory.byteSize(), 0);
    }

    /// Reads a block's runs one after the other.
    private MemorySegment read(Extent block, MemorySegment staging) {
        long begin = System.nanoTime();
        var file = files.get(block.file());
        var first = block.runs().getFirst();
        var memory =
                block.runs().size() == 1 && first.count() == 1
                        ? file.read(first.from(), first.length(), staging)
                        : gathered(file, block, staging);
        add(Work.READ, block.bytes(), seconds(begin));
        return memory;
    }

    /// Several runs, one after the other. A direct read has bytes around it that belong to none, so
    /// each goes by memory of its own.
    private static MemorySegment gathered(FileBytes file, Extent block, MemorySegment staging) {
        long at = 0;
        for (Runs run : block.runs())
            for (long i = 0; i < run.count(); i++, at += run.length()) {
                long from = run.from() + i * run.stride();
                if (file.alignment() == 1)
                    file.read(from, run.length(), staging.asSlice(at, run.length()));
                else piecemeal(file, from, staging, at, run.length());
            }
        return staging.asSlice(0, at);
    }

    private static void piecemeal(
            FileBytes file, long from, MemorySegment staging, long at, long length) {
        try (var arena = Arena.ofConfined()) {
            var room = arena.allocate(file.room(length), file.alignment());
            MemorySegment.copy(file.read(from, length, room), 0, staging, at, length);
        }
    }

    private void add(Work work, long more, double seconds) {
        bytes.merge(work, more, Long::sum);
        busy.merge(work, seconds, Double::sum);
    }

    private static double seconds(long begin) {
        return (System.nanoTime() - begin) * 1e-9;
    }

    long bytes(Work work) {
        return bytes.getOrDefault(work, 0L);
    }

    double busy(Work work) {
        return busy.getOrDefault(work, 0.0);
    }

    double waited() {
        return waited;
    }

    long inPlace() {
        return inPlace;
    }

    @Override
    public void close() {
        link.ifPresent(Link::close);
        arena.close();
    }
}
