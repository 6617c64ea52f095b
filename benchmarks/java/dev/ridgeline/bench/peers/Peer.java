package dev.ridgeline.bench.peers;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/// Another library's routine as a kernel of ours, so that it gets the same operands in the same
/// memory, is verified by the same reference and is timed by the same code.
///
/// @param refuses what the op asks for beyond contiguous f32 operands
record Peer<O extends Op>(
        KernelId id, Function<O, Optional<String>> refuses, Function<O, Launch> binds)
        implements Kernel<O> {
    static <O extends Op> Peer<O> of(
            Class<O> op, String library, String routine, Function<O, Launch> binds) {
        return of(op, library, routine, o -> Optional.empty(), binds);
    }

    static <O extends Op> Peer<O> of(
            Class<O> op,
            String library,
            String routine,
            Function<O, Optional<String>> refuses,
            Function<O, Launch> binds) {
        return new Peer<>(new KernelId(Op.name(op), library, routine), refuses, binds);
    }

    @Override
    public Optional<String> refusal(O op) {
        return Stream.concat(op.reads().stream(), op.writes().stream())
                        .allMatch(Peer::contiguousWords)
                ? refuses.apply(op)
                : Optional.of("the benchmarks' peers take contiguous f32 operands");
    }

    private static boolean contiguousWords(Tensor t) {
        return t.contiguous() && t.offset() == 0 && t.dtype() != DType.BF16;
    }

    @Override
    public Launch bind(O op) {
        requireAccepted(op);
        return binds.apply(op);
    }
}
