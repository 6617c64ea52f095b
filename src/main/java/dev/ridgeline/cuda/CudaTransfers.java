package dev.ridgeline.cuda;

import dev.ridgeline.device.Transfer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// What nvbandwidth measures: copies between host and device, within a device, and between every
/// pair of devices. Timed by the host from the call to the end, with blocks so large that the call
/// does not count.
final class CudaTransfers {
    private static final long BYTES = 256L << 20;

    private final CudaDevice device;
    private final long bytes;

    CudaTransfers(CudaDevice device) {
        this.device = device;
        bytes = Math.min(BYTES, device.capacity() / 4 & -256);
    }

    private interface Preparation {
        /// @param closing takes what is to be done at the end, last first
        Runnable prepare(List<Runnable> closing);
    }

    private record Timed(String name, long bytes, Preparation preparation) implements Transfer {
        @Override
        public double[] seconds(int passes) {
            var closing = new ArrayList<Runnable>();
            try {
                var pass = preparation.prepare(closing);
                pass.run();
                double[] seconds = new double[passes];
                for (int i = 0; i < passes; i++) {
                    long from = System.nanoTime();
                    pass.run();
                    seconds[i] = (System.nanoTime() - from) * 1e-9;
                }
                return seconds;
            } finally {
                closing.reversed().forEach(Runnable::run);
            }
        }
    }

    List<Transfer> all() {
        var all = new ArrayList<Transfer>();
        for (var pinned : List.of(true, false)) {
            var memory = pinned ? "pinned" : "pageable";
            all.add(new Timed("host to device, " + memory, bytes, c -> up(pinned, c)));
            all.add(new Timed("device to host, " + memory, bytes, c -> down(pinned, c)));
            all.add(new Timed("both ways at once, " + memory, 2 * bytes, c -> both(pinned, c)));
        }
        all.add(new Timed("device to device, read and written", 2 * bytes, this::within));
        for (int other = 0; other < Cuda.devices(); other++) {
            int peer = other;
            if (!device.name().equals(DriverQueries.name(peer)))
                all.add(
                        new Timed(
                                "to %s, %s"
                                        .formatted(
                                                DriverQueries.name(peer),
                                                device.reaches(peer) ? "direct" : "by the host"),
                                bytes,
                                c -> peer(peer, c)));
        }
        return all;
    }

    private Runnable up(boolean pinned, List<Runnable> closing) {
        var to = buffer(closing);
        var from = host(pinned, closing);
        var queue = device.stream().queue();
        return () -> {
            device.driver().upload(to.memory(), from, bytes, queue);
            device.driver().synchronize(queue, "copying to the device");
        };
    }

    private Runnable down(boolean pinned, List<Runnable> closing) {
        var from = buffer(closing);
        var to = host(pinned, closing);
        var queue = device.stream().queue();
        return () -> {
            device.driver().download(to, from.memory(), bytes, queue);
            device.driver().synchronize(queue, "copying from the device");
        };
    }

    /// On a stream each. Pageable memory is staged by the calling thread, so that one of the two
    /// waits for the other.
    private Runnable both(boolean pinned, List<Runnable> closing) {
        var in = buffer(closing);
        var out = buffer(closing);
        var from = host(pinned, closing);
        var to = host(pinned, closing);
        var queue = device.stream().queue();
        var other = new CudaStream(device.driver());
        closing.add(other::close);
        return () -> {
            device.driver().upload(in.memory(), from, bytes, queue);
            device.driver().download(to, out.memory(), bytes, other.queue());
            device.driver().synchronize(queue, "copying to the device");
            other.synchronize();
        };
    }

    private Runnable within(List<Runnable> closing) {
        var from = buffer(closing);
        var to = buffer(closing);
        var queue = device.stream().queue();
        return () -> {
            device.driver().copy(to.memory(), from.memory(), bytes, queue);
            device.driver().synchronize(queue, "copying within the device");
        };
    }

    private Runnable peer(int ordinal, List<Runnable> closing) {
        var other = CudaDevice.open(ordinal, free -> free);
        closing.add(other::close);
        if (device.reaches(ordinal)) device.driver().enablePeer(other.driver());
        var from = buffer(closing);
        var to = other.allocate(bytes);
        closing.add(to::close);
        var queue = device.stream().queue();
        return () -> {
            device.driver().copyTo(other.driver(), to.memory(), from.memory(), bytes, queue);
            device.driver().synchronize(queue, "copying to " + other.name());
        };
    }

    private CudaBuffer buffer(List<Runnable> closing) {
        var buffer = device.allocate(bytes);
        closing.add(buffer::close);
        return buffer;
    }

    /// Touched, so that no pass pays for its first use.
    private MemorySegment host(boolean pinned, List<Runnable> closing) {
        MemorySegment memory;
        if (pinned) {
            var pin = device.driver().pin(bytes);
            closing.add(() -> device.driver().unpin(pin));
            memory = pin.segment(bytes);
        } else {
            var arena = Arena.ofShared();
            closing.add(arena::close);
            memory = arena.allocate(bytes, 4096);
        }
        return memory.fill((byte) 1);
    }
}
