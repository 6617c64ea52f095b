package dev.ridgeline.load;

import dev.ridgeline.device.Link;
import dev.ridgeline.tensor.HostBuffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/// What a load is limited by besides the disk, measured with its threads and its blocks: copies in
/// host memory, and copies from the ring to the device.
public final class Copying {
    /// Copied from, at least.
    private static final long SOURCE = 256L << 20;

    /// Of the last cache, so that little of what is copied from is found there.
    private static final int CACHES = 4;

    /// A pass, at least.
    private static final long PASS = 1L << 30;

    private Copying() {}

    /// Bytes per second that threads copy from host memory to other host memory: all of the
    /// device's, where it is the host's, or else the ring's.
    public static double memory(Loader.Options options, Target target) {
        try (var arena = Arena.ofShared();
                var link = target.device().link()) {
            long cache = CACHES * target.device().lastLevelCache();
            long bytes = options.blockBytes();
            long blocks = Math.ceilDiv(Math.max(SOURCE, cache), bytes);
            var source = arena.allocate(blocks * bytes, LoadPlan.BLOCK).fill((byte) 1);
            var to =
                    target.host()
                            .filter(host -> host.byteSize() >= bytes)
                            .orElseGet(
                                    () ->
                                            link.memory(
                                                    bytes * options.places() * options.readers()));
            long places = to.byteSize() / bytes;
            return parallel(
                    options,
                    number ->
                            MemorySegment.copy(
                                    source,
                                    number % blocks * bytes,
                                    to,
                                    number % places * bytes,
                                    bytes),
                    Math.max(places, least(bytes)),
                    bytes);
        }
    }

    private interface Copy {
        void run(long number);
    }

    /// Blocks of a pass, at least.
    private static long least(long bytes) {
        return Math.max(64, Math.ceilDiv(PASS, bytes));
    }

    private static double parallel(Loader.Options options, Copy copy, long count, long bytes) {
        var next = new AtomicLong();
        long begin = System.nanoTime();
        try (var threads = Executors.newFixedThreadPool(options.readers())) {
            var running = new ArrayList<Future<?>>();
            for (int i = 0; i < options.readers(); i++)
                running.add(
                        threads.submit(
                                () -> {
                                    for (long n = next.getAndIncrement();
                                            n < count;
                                            n = next.getAndIncrement()) copy.run(n);
                                }));
            for (var each : running) each.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while copying", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        return count * bytes / ((System.nanoTime() - begin) * 1e-9);
    }

    /// Bytes per second from the ring to the device; empty where the device's memory is the host's.
    public static Optional<Double> link(Loader.Options options, Target target) {
        if (target.buffer() instanceof HostBuffer) return Optional.empty();
        try (var link = target.device().link()) {
            long bytes = Math.min(options.blockBytes(), target.buffer().bytes());
            var ring = link.memory(bytes * options.places());
            ring.fill((byte) 1);
            upload(link, ring, bytes, target, options.places());
            long begin = System.nanoTime();
            long count = least(bytes);
            upload(link, ring, bytes, target, count);
            return Optional.of(count * bytes / ((System.nanoTime() - begin) * 1e-9));
        }
    }

    private static void upload(
            Link link, MemorySegment ring, long bytes, Target target, long count) {
        long places = ring.byteSize() / bytes;
        long slots = target.buffer().bytes() / bytes;
        for (long i = 0; i < count; i++)
            link.fetch(target.buffer(), i % slots * bytes, ring.asSlice(i % places * bytes, bytes))
                    .on(link.in());
        link.in().synchronize();
    }
}
