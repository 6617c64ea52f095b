package dev.ridgeline.device;

import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;

import java.util.List;
import java.util.OptionalInt;

/// A place that owns memory and runs kernels in order.
public interface Device extends AutoCloseable {
    /// The name it is asked for by: `cpu`, `cpu:1`, `cuda:0`.
    String name();

    /// What it is, for people: the processor's or the GPU's marketing name.
    String description();

    /// Bytes that may be allocated at once.
    long capacity();

    /// Bytes allocated now.
    long allocated();

    /// Multiprocessors of a GPU; empty where kernels run on the host's threads,.
    default OptionalInt multiprocessors() {
        return OptionalInt.empty();
    }

    /// Size of the last cache before memory, in bytes: what a cold measurement has to exceed.
    long lastLevelCache();

    /// @throws OutOfDeviceMemory if the capacity would be passed
    Buffer allocate(long bytes);

    Stream stream();

    /// Every kernel this device has for `op`, preferred first. Empty if it has none.
    <O extends Op> List<Kernel<O>> kernels(Class<O> op);

    /// Binds the first kernel of ours that accepts `op`.
    ///
    /// @throws NoKernel naming each refusal, if none does
    default <O extends Op> Launch bind(O op) {
        return chosen(op).bind(op);
    }

    /// Bytes of this device's memory that [#bind] takes for `op`, whose tensors may have none.
    ///
    /// @throws NoKernel naming each refusal, if no kernel accepts it
    default <O extends Op> long scratch(O op) {
        return chosen(op).scratch(op);
    }

    private <O extends Op> Kernel<O> chosen(O op) {
        @SuppressWarnings("unchecked")
        var type = (Class<O>) op.getClass();
        var refusals = new StringBuilder();
        for (var kernel : kernels(type)) {
            if (kernel.peer()) continue;
            var refusal = kernel.refusal(op);
            if (refusal.isEmpty()) return kernel;
            refusals.append("\n  ").append(kernel.id()).append(": ").append(refusal.get());
        }
        throw new NoKernel("no kernel for " + op.name() + " on " + name() + refusals);
    }

    /// The ways into and out of this device's memory; none where kernels run in the host's.
    default List<Transfer> transfers() {
        return List.of();
    }

    /// A way to the host's memory, as fast as it is.
    default Link link() {
        return link(new Offload.Host(), Double.POSITIVE_INFINITY);
    }

    /// A way to memory beyond this device's.
    ///
    /// @param offload where that is
    /// @param mostBytesPerSecond that a copy may move, to stand for a slower machine; infinite for
    ///   what the link gives
    /// @throws UnsupportedOperationException with a sentence, if this device has none that is so
    default Link link(Offload offload, double mostBytesPerSecond) {
        throw new UnsupportedOperationException(name() + " has no memory beyond its own");
    }

    /// One launch that does these in order. A device that can record work does so here, once, and
    /// gives the host less to do at each launch. Closing it closes them.
    default Launch sequence(List<Launch> launches) {
        var all = List.copyOf(launches);
        return new Launch() {
            @Override
            public void on(Stream stream) {
                for (var launch : all) launch.on(stream);
            }

            @Override
            public void close() {
                all.forEach(Launch::close);
            }
        };
    }

    @Override
    void close();
}
