package dev.ridgeline.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.MemorySegment;

/// The loops of the activations. They come down to a sigmoid: GPT-2's gelu is `0.5 x (1 + tanh(u))
/// = x · sigmoid(2u)`, which unlike the first form does not cancel where tanh nears -1.
final class ActivationLoops {
    /// 2u = x (U1 + U3 x²).
    private static final float U1 = (float) (2 * Math.sqrt(2 / Math.PI));

    private static final float U3 = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);

    private ActivationLoops() {}

    /// `y = x · sigmoid(2u) = x / (1 + exp(-2u))`.
    static void gelu(MemorySegment[] memory, long[] at, long count) {
        var x = Lanes.known(memory[0]);
        var y = Lanes.known(memory[1]);
        long xAt = at[0], yAt = at[1];
        for (long i = 0; i < count; i += Lanes.COUNT)
            Lanes.storeF32(gelu(Lanes.loadF32(x, xAt + i)), y, yAt + i);
    }

    static FloatVector gelu(FloatVector x) {
        var minus2u = x.mul(x.mul(x).fma(broadcast(-U3), broadcast(-U1)));
        return x.div(VectorMath.exp(minus2u).add(1f));
    }

    /// `dx = dy · (s + x · s (1 - s) · 2u')` with `s = sigmoid(2u)`, `2u' = U1 + 3 U3 x²`.
    static void geluBackward(MemorySegment[] memory, long[] at, long count) {
        var x = Lanes.known(memory[0]);
        var dy = Lanes.known(memory[1]);
        var dx = Lanes.known(memory[2]);
        long xAt = at[0], dyAt = at[1], dxAt = at[2];
        for (long i = 0; i < count; i += Lanes.COUNT) {
            var slope = geluSlope(Lanes.loadF32(x, xAt + i));
            Lanes.storeF32(slope.mul(Lanes.loadF32(dy, dyAt + i)), dx, dxAt + i);
        }
    }

    private static FloatVector geluSlope(FloatVector x) {
        var x2 = x.mul(x);
        var z = x.mul(x2.fma(broadcast(U3), broadcast(U1)));
        var bend = x.mul(x2.fma(broadcast(3 * U3), broadcast(U1)));
        return sigmoidPlus(z, bend);
    }

    /// `s + factor · s (1 - s)` with `s = sigmoid(z)`. Of s and 1 - s the larger is `1 / (1 +
    /// exp(-|z|))` and the smaller `exp(-|z|)` times that, so none is a difference that cancels.
    private static FloatVector sigmoidPlus(FloatVector z, FloatVector factor) {
        var e = VectorMath.boundedExp(z.abs().neg());
        var larger = broadcast(1f).div(e.add(1f));
        var smaller = e.mul(larger);
        var s = larger.blend(smaller, z.compare(VectorOperators.LT, 0f));
        return larger.mul(smaller).fma(factor, s);
    }

    /// `y = up · gate / (1 + exp(-gate))`.
    static void swiGlu(MemorySegment[] memory, long[] at, long count) {
        var gate = Lanes.known(memory[0]);
        var up = Lanes.known(memory[1]);
        var y = Lanes.known(memory[2]);
        long gateAt = at[0], upAt = at[1], yAt = at[2];
        for (long i = 0; i < count; i += Lanes.COUNT) {
            var g = Lanes.loadF32(gate, gateAt + i);
            var silu = g.div(VectorMath.exp(g.neg()).add(1f));
            Lanes.storeF32(silu.mul(Lanes.loadF32(up, upAt + i)), y, yAt + i);
        }
    }

    /// `dup = dy · gate · s`, `dgate = dy · up · (s + gate · s (1 - s))` with `s = sigmoid(gate)`.
    static void swiGluBackward(MemorySegment[] memory, long[] at, long count) {
        var gate = Lanes.known(memory[0]);
        var up = Lanes.known(memory[1]);
        var dy = Lanes.known(memory[2]);
        var dgate = Lanes.known(memory[3]);
        var dup = Lanes.known(memory[4]);
        long gateAt = at[0], upAt = at[1], dyAt = at[2], dgateAt = at[3], dupAt = at[4];
        for (long i = 0; i < count; i += Lanes.COUNT) {
            var g = Lanes.loadF32(gate, gateAt + i);
            var e = VectorMath.boundedExp(g.abs().neg());
            var larger = broadcast(1f).div(e.add(1f));
            var smaller = e.mul(larger);
            var s = larger.blend(smaller, g.compare(VectorOperators.LT, 0f));
            var slope = larger.mul(smaller).fma(g, s);
            var d = Lanes.loadF32(dy, dyAt + i);
            var dUp = d.mul(Lanes.loadF32(up, upAt + i));
            Lanes.storeF32(slope.mul(dUp), dgate, dgateAt + i);
            Lanes.storeF32(d.mul(g).mul(s), dup, dupAt + i);
        }
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(Lanes.F32, value);
    }
}
