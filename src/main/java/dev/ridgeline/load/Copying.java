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
    /// Copied from, so much that caches hold little of it.
    private static final long SOURCE = 256L << 20;

    private Copying() {}

    /// Bytes per second that threads copy from host memory to other host memory: the device's,
    /// where it is the host's, or else the ring's.
    public static double memory(Loader.Options options, Target target) {
        try (var arena = Arena.ofShared();
                var link = target.device().link()) {
            var source = arena.allocate(SOURCE, LoadPlan.BLOCK).fill((byte) 1);
            boolean host = target.buffer() instanceof HostBuffer;
            var ring =
                    host
                            ? target.host().get()
                            : link.memory(
                                    options.blockBytes() * options.places() * options.readers());
            long blocks = Math.max(1, ring.byteSize() / options.blockBytes());
            long bytes = Math.min(options.blockBytes(), ring.byteSize());
            return parallel(
                    options,
                    number ->
                            MemorySegment.copy(
                                    source,
                                    number * bytes % (SOURCE - bytes),
                                    ring,
                                    number % blocks * bytes,
                                    bytes),
                    bytes);
        }
    }

    private interface Copy {
        void run(long number);
    }

    /// A pass of a GiB, or of 64 blocks if that is more.
    private static double parallel(Loader.Options options, Copy copy, long bytes) {
        long count = Math.max(64, Math.ceilDiv(1L << 30, bytes));
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
            long count = Math.max(64, Math.ceilDiv(1L << 30, bytes));
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
