package dev.ridgeline.measure;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Function;

/// Launches that go wrong, of kernels that are right.
final class Faults {
    private final Device device;

    Faults(Device device) {
        this.device = device;
    }

    Launch right(Op op) {
        return device.bind(op);
    }

    /// The right result, then `spoil` on the elements of one output.
    Launch spoiled(Op op, Tensor output, Consumer<float[]> spoil) {
        var launch = device.bind(op);
        return stream -> {
            launch.on(stream);
            var memory = HostBuffer.segment(output);
            float[] values = memory.toArray(JAVA_FLOAT);
            spoil.accept(values);
            MemorySegment.copy(values, 0, memory, JAVA_FLOAT, 0, values.length);
        };
    }

    static Gemm shortened(Gemm o) {
        return new Gemm(
                o.form(), o.a().slice(1, 0, o.k() - 1), o.b().slice(1, 0, o.k() - 1), o.c());
    }

    static Gemm withoutLastColumn(Gemm o) {
        return new Gemm(
                o.form(), o.a(), o.b().slice(0, 0, o.n() - 1), o.c().slice(1, 0, o.n() - 1));
    }

    Launch truncated(Gemm o) {
        var exact = new Tensor(DType.F32, o.c().shape(), HostBuffer.of(o.c().count() * 4));
        var launch = device.bind(new Gemm(o.form(), o.a(), o.b(), exact));
        return stream -> {
            launch.on(stream);
            var from = HostBuffer.segment(exact);
            var to = HostBuffer.segment(o.c());
            for (long i = 0; i < exact.count(); i++) {
                int bits = Float.floatToRawIntBits(from.getAtIndex(JAVA_FLOAT, i));
                to.setAtIndex(JAVA_SHORT, i, (short) (bits >> 16));
            }
        };
    }

    static Attention rescaled(Attention o, double scale) {
        return new Attention(o.q(), o.k(), o.v(), o.out(), o.lse(), o.causal(), scale);
    }

    Launch oneHeadOfAGroup(AttentionBackward o) {
        var all = device.bind(o);
        int last = o.heads() - 1;
        var one =
                device.bind(
                        new AttentionBackward(
                                o.q().slice(1, last, last + 1),
                                o.k().slice(1, o.keyHeads() - 1, o.keyHeads()),
                                o.v().slice(1, o.keyHeads() - 1, o.keyHeads()),
                                o.out().slice(1, last, last + 1),
                                o.lse().slice(1, last, last + 1),
                                o.dout().slice(1, last, last + 1),
                                o.dq().slice(1, last, last + 1),
                                o.dk().slice(1, o.keyHeads() - 1, o.keyHeads()),
                                o.dv().slice(1, o.keyHeads() - 1, o.keyHeads()),
                                o.causal(),
                                o.scale()));
        return stream -> {
            all.on(stream);
            one.on(stream);
        };
    }

    Launch lostRow(LayerNormBackward o) {
        int rows = o.rows() - 1;
        var most =
                device.bind(
                        new LayerNormBackward(
                                o.x().slice(0, 0, rows),
                                o.weight(),
                                o.mean().slice(0, 0, rows),
                                o.rstd().slice(0, 0, rows),
                                o.dy().slice(0, 0, rows),
                                o.dx().slice(0, 0, rows),
                                o.dweight(),
                                o.dbias()));
        float[] kept = new float[o.cols()];
        var unused = floats(kept);
        var last =
                device.bind(
                        new LayerNormBackward(
                                o.x().slice(0, rows, rows + 1),
                                o.weight(),
                                o.mean().slice(0, rows, rows + 1),
                                o.rstd().slice(0, rows, rows + 1),
                                o.dy().slice(0, rows, rows + 1),
                                o.dx().slice(0, rows, rows + 1),
                                unused,
                                floats(kept)));
        return stream -> {
            most.on(stream);
            last.on(stream);
        };
    }

    static void withoutLast(float[] y) {
        for (int row = 0; row < y.length; row += 65)
            for (int i = 0; i < 64; i++) y[row + i] /= 1 - y[row + 64];
    }

    Launch shiftedTarget(CrossEntropy o) {
        var launch = device.bind(o);
        return stream -> {
            var targets = HostBuffer.segment(o.targets());
            int first = targets.getAtIndex(JAVA_INT, 0);
            int other = first == 0 ? 1 : first - 1;
            targets.setAtIndex(JAVA_INT, 0, other);
            launch.on(stream);
        };
    }

    static Tensor uncorrected(Tensor scalars) {
        var memory = HostBuffer.segment(scalars);
        return floats(memory.getAtIndex(JAVA_FLOAT, 0), 1f, 1f, memory.getAtIndex(JAVA_FLOAT, 3));
    }

    private static Tensor floats(float... values) {
        var buffer = HostBuffer.of(values.length * 4L);
        MemorySegment.copy(values, 0, buffer.segment(), JAVA_FLOAT, 0, values.length);
        return new Tensor(DType.F32, Shape.of(values.length), buffer);
    }

    static void copyRow(float[] c, int from, int to) {
        int n = 67;
        System.arraycopy(c, from * n, c, to * n, n);
    }

    static void swap(float[] c) {
        float kept = c[40];
        c[40] = c[41];
        c[41] = kept;
    }

    static void set(float[] c, int i, float value) {
        c[i] = value;
    }

    static void each(float[] c, Function<Float, Float> f) {
        for (int i = 0; i < c.length; i++) c[i] = f.apply(c[i]);
    }
}
