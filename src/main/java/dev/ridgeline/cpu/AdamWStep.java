package dev.ridgeline.cpu;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.Dither;
import dev.ridgeline.op.Rounding;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/// [AdamW] on a run of parameters, whose operands are gradient, parameter, m, v and the copy if
/// there is one:
///
/// ```
/// m = beta1 m + gain1 g          v = beta2 v + gain2 g²
/// p = keep p - rate m / (sqrt(unbias2 v) + eps)
/// ```
final class AdamWStep implements Sweep.Loop {
    /// Parameters between two visits to the copy, so that they are still in the first-level cache.
    private static final int TILE = 1 << 10;

    private final AdamW op;
    private final MemorySegment scalars;
    private final boolean half;

    AdamWStep(AdamW op) {
        this.op = op;
        this.scalars = HostBuffer.segment(op.scalars());
        this.half = op.gradient().dtype() == DType.BF16;
    }

    private double scalar(int i) {
        return Lanes.get(DType.F32, scalars, op.scalars().offset() + i);
    }

    @Override
    public void run(MemorySegment[] memory, long[] at, long count) {
        run(memory, at, count, 0);
    }

    @Override
    public void run(MemorySegment[] memory, long[] at, long count, long first) {
        double rate = scalar(0);
        double scale = scalar(3);
        float gain1 = (float) ((1 - op.beta1()) * scale);
        float gain2 = (float) ((1 - op.beta2()) * scale * scale);
        float corrected = (float) (rate / scalar(1));
        float unbias2 = (float) (1 / scalar(2));
        float keep = (float) (1 - rate * op.decay());
        float beta1 = (float) op.beta1();
        float beta2 = (float) op.beta2();
        float eps = (float) op.eps();
        boolean copies = op.copy().isPresent();
        long tile = copies ? TILE : count;
        for (long from = 0; from < count; from += tile) {
            long to = Math.min(count, from + tile);
            if (half)
                stepHalf(
                        memory, at, from, to, beta1, gain1, beta2, gain2, corrected, unbias2, eps,
                        keep);
            else
                step(
                        memory, at, from, to, beta1, gain1, beta2, gain2, corrected, unbias2, eps,
                        keep);
            if (copies) copy(memory, at, from, to - from, first + from);
        }
    }

    private void copy(MemorySegment[] memory, long[] at, long from, long count, long first) {
        if (op.rounding() == Rounding.NEAREST)
            Bf16Tile.narrow(memory[1], at[1] + from, memory[4], at[4] + from, count);
        else
            DitherLoop.narrow(
                    memory[1],
                    at[1] + from,
                    memory[4],
                    at[4] + from,
                    count,
                    Dither.start((float) scalar(4), first),
                    (int) first);
    }

    private static void step(
            MemorySegment[] memory,
            long[] at,
            long from,
            long to,
            float beta1,
            float gain1,
            float beta2,
            float gain2,
            float rate,
            float unbias2,
            float eps,
            float keep) {
        var gradient = Lanes.known(memory[0]);
        var parameter = Lanes.known(memory[1]);
        var m = Lanes.known(memory[2]);
        var v = Lanes.known(memory[3]);
        long gradientAt = at[0], parameterAt = at[1], mAt = at[2], vAt = at[3];
        var decay1 = FloatVector.broadcast(Lanes.F32, beta1);
        var decay2 = FloatVector.broadcast(Lanes.F32, beta2);
        var shrink = FloatVector.broadcast(Lanes.F32, keep);
        for (long i = from; i < to; i += Lanes.COUNT) {
            var g = Lanes.loadF32(gradient, gradientAt + i);
            var m1 = Lanes.loadF32(m, mAt + i).fma(decay1, g.mul(gain1));
            var v1 = Lanes.loadF32(v, vAt + i).fma(decay2, g.mul(g).mul(gain2));
            Lanes.storeF32(m1, m, mAt + i);
            Lanes.storeF32(v1, v, vAt + i);
            var change = m1.mul(-rate).div(v1.mul(unbias2).sqrt().add(eps));
            var p = Lanes.loadF32(parameter, parameterAt + i).fma(shrink, change);
            Lanes.storeF32(p, parameter, parameterAt + i);
        }
    }

    /// [#step] for bf16 gradients.
    private static void stepHalf(
            MemorySegment[] memory,
            long[] at,
            long from,
            long to,
            float beta1,
            float gain1,
            float beta2,
            float gain2,
            float rate,
            float unbias2,
            float eps,
            float keep) {
        var gradient = Lanes.known(memory[0]);
        var parameter = Lanes.known(memory[1]);
        var m = Lanes.known(memory[2]);
        var v = Lanes.known(memory[3]);
        long gradientAt = at[0], parameterAt = at[1], mAt = at[2], vAt = at[3];
        var decay1 = FloatVector.broadcast(Lanes.F32, beta1);
        var decay2 = FloatVector.broadcast(Lanes.F32, beta2);
        var shrink = FloatVector.broadcast(Lanes.F32, keep);
        for (long i = from; i < to; i += Lanes.COUNT) {
            var g = Lanes.loadBf16(gradient, gradientAt + i);
            var m1 = Lanes.loadF32(m, mAt + i).fma(decay1, g.mul(gain1));
            var v1 = Lanes.loadF32(v, vAt + i).fma(decay2, g.mul(g).mul(gain2));
            Lanes.storeF32(m1, m, mAt + i);
            Lanes.storeF32(v1, v, vAt + i);
            var change = m1.mul(-rate).div(v1.mul(unbias2).sqrt().add(eps));
            var p = Lanes.loadF32(parameter, parameterAt + i).fma(shrink, change);
            Lanes.storeF32(p, parameter, parameterAt + i);
        }
    }
}
