package dev.ridgeline.measure;

import static org.assertj.core.api.Assertions.assertThat;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.measure.workload.AttentionWorkloads;
import dev.ridgeline.measure.workload.ElementwiseWorkloads;
import dev.ridgeline.measure.workload.GemmWorkloads;
import dev.ridgeline.measure.workload.NormWorkloads;
import dev.ridgeline.measure.workload.OptimizerWorkloads;
import dev.ridgeline.measure.workload.PositionWorkloads;
import dev.ridgeline.measure.workload.SoftmaxWorkloads;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.Rope;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/// Kernels with one bug each, of the kinds that kernels have. Every one must be found, and the
/// report must name an element that really is wrong.
class PlantedBugTest {
    private static final Device CPU = new CpuDevice("cpu", 2, 1L << 30);

    /// A right kernel given a wrong op, or what a kernel did spoiled afterwards.
    private record Bug<O extends Op>(
            String name, Workload<O> workload, Function<O, Launch> faulty) {}

    @AfterAll
    static void close() {
        CPU.close();
    }

    private static Stream<Bug<?>> bugs() {
        var gemm = GemmWorkloads.gemm(Gemm.Form.NT, 65, 129, 67, DType.F32, 1);
        var long16 = GemmWorkloads.gemm(Gemm.Form.NT, 9, 2061, 33, DType.BF16, 2);
        var gradient = GemmWorkloads.gemm(Gemm.Form.TN, 33, 64, 31, DType.F32, 3);
        var attention = AttentionWorkloads.forward(2, 4, 2, 33, 64, true, DType.F32, 4);
        var backward = AttentionWorkloads.backward(1, 4, 2, 33, 64, true, DType.F32, 5);
        var cross = SoftmaxWorkloads.crossEntropy(7, 257, DType.F32, 6);
        return Stream.of(
                bug("the last product of a sum is dropped", gemm, o -> right(shortened(o))),
                bug("the last column is never written", gemm, o -> right(withoutLastColumn(o))),
                bug(
                        "the last row is written twice and the first never",
                        gemm,
                        o -> spoiled(o, o.c(), c -> copyRow(c, 0, 1))),
                bug(
                        "two neighbours are swapped",
                        gemm,
                        o -> spoiled(o, o.c(), PlantedBugTest::swap)),
                bug(
                        "one element is off by a thousandth",
                        gemm,
                        o -> spoiled(o, o.c(), c -> set(c, c.length - 1, c[c.length - 1] + 1e-3f))),
                bug("a bf16 result is truncated and not rounded", long16, o -> truncated(o)),
                bug(
                        "a gradient overwrites and does not add",
                        gradient,
                        o -> right(new Gemm(o.form(), o.a(), o.b(), o.c(), Epilogue.NONE))),
                bug(
                        "b is read as if it were not transposed",
                        GemmWorkloads.gemm(Gemm.Form.NT, 32, 64, 64, DType.F32, 7),
                        o -> right(new Gemm(Gemm.Form.NN, o.a(), o.b(), o.c()))),
                bug("scores are not scaled", attention, o -> right(rescaled(o, 1))),
                bug(
                        "the mask is forgotten",
                        attention,
                        o ->
                                right(
                                        new Attention(
                                                o.q(), o.k(), o.v(), o.out(), o.lse(), false,
                                                o.scale()))),
                bug(
                        "log-sum-exp in base 2",
                        attention,
                        o -> spoiled(o, o.lse(), l -> each(l, x -> x * 1.442695f))),
                bug(
                        "keys and values are swapped",
                        attention,
                        o ->
                                right(
                                        new Attention(
                                                o.q(), o.v(), o.k(), o.out(), o.lse(), true,
                                                o.scale()))),
                bug(
                        "query gradients miss the scale",
                        backward,
                        o -> spoiled(o, o.dq(), d -> each(d, x -> x * 8))),
                bug(
                        "a group's key gradients keep only one query head",
                        backward,
                        PlantedBugTest::oneHeadOfAGroup),
                bug(
                        "eps is another",
                        NormWorkloads.rmsNorm(7, 64, DType.F32, 8),
                        o -> right(new RmsNorm(o.x(), o.weight(), o.y(), o.rstd(), 0.1))),
                bug(
                        "the last row is lost in a reduction",
                        NormWorkloads.layerNormBackward(65, 64, DType.F32, 9),
                        PlantedBugTest::lostRow),
                bug(
                        "softmax runs over one element less",
                        SoftmaxWorkloads.softmax(7, 65, DType.F32, 10),
                        o -> spoiled(o, o.y(), PlantedBugTest::withoutLast)),
                bug("the target is off by one", cross, o -> shiftedTarget(o)),
                bug(
                        "the gradient of the sum and not of the mean",
                        cross,
                        o ->
                                right(
                                        new CrossEntropy(
                                                o.logits(),
                                                o.targets(),
                                                o.losses(),
                                                o.dlogits(),
                                                1))),
                bug(
                        "bias correction is left out",
                        OptimizerWorkloads.adamW(257, DType.F32, 11),
                        o ->
                                right(
                                        new AdamW(
                                                o.parameter(),
                                                o.gradient(),
                                                o.m(),
                                                o.v(),
                                                uncorrected(o.scalars()),
                                                o.copy(),
                                                o.beta1(),
                                                o.beta2(),
                                                o.eps(),
                                                o.decay()))),
                bug(
                        "the angle has the wrong sign",
                        PositionWorkloads.rope(1, 2, 9, 64, false, DType.F32, 12),
                        o ->
                                right(
                                        new Rope(
                                                o.x(),
                                                o.frequencies(),
                                                o.y(),
                                                o.firstPosition(),
                                                !o.inverse()))),
                bug(
                        "gate and up are swapped",
                        ElementwiseWorkloads.swiGlu(7, 65, DType.F32, 13),
                        o -> right(new SwiGlu(o.up(), o.gate(), o.y()))),
                bug(
                        "positions are forgotten",
                        PositionWorkloads.embedding(3, 4, 31, 64, DType.F32, 14),
                        o -> right(new Embedding(o.tokens(), o.table(), Optional.empty(), o.y()))));
    }

    private static <O extends Op> Bug<O> bug(
            String name, Workload<O> workload, Function<O, Launch> faulty) {
        return new Bug<>(name, workload, faulty);
    }

    @TestFactory
    Stream<DynamicTest> every_planted_bug_is_found() {
        return bugs().map(bug -> DynamicTest.dynamicTest(bug.name, () -> check(bug)));
    }

    private static <O extends Op> void check(Bug<O> bug) {
        var kernel =
                new Kernel<O>() {
                    @Override
                    public KernelId id() {
                        return new KernelId(Op.name(bug.workload.type()), "cpu", "faulty");
                    }

                    @Override
                    public Optional<String> refusal(O op) {
                        return Optional.empty();
                    }

                    @Override
                    public Launch bind(O op) {
                        return bug.faulty.apply(op);
                    }
                };
        assertThat(Verifier.check(kernel, bug.workload, CPU))
                .isInstanceOfSatisfying(
                        Wrong.class,
                        wrong -> {
                            var tolerance = bug.workload.planned().tolerance(wrong.output());
                            assertThat(tolerance.admits(wrong.actual(), wrong.expected()))
                                    .isFalse();
                            assertThat(wrong.message())
                                    .contains("element " + wrong.index())
                                    .contains("%.9g".formatted(wrong.actual()))
                                    .contains("%.9g".formatted(wrong.expected()));
                        });
        assertThat(Verifier.check(CPU.kernels(bug.workload.type()).getFirst(), bug.workload, CPU))
                .as("the kernel without the bug")
                .isInstanceOf(Verified.class);
    }

    private static Launch right(Op op) {
        return CPU.bind(op);
    }

    /// The right result, then `spoil` on the elements of one output.
    private static Launch spoiled(Op op, Tensor output, Consumer<float[]> spoil) {
        var launch = CPU.bind(op);
        return stream -> {
            launch.on(stream);
            var memory = HostBuffer.segment(output);
            float[] values = memory.toArray(JAVA_FLOAT);
            spoil.accept(values);
            MemorySegment.copy(values, 0, memory, JAVA_FLOAT, 0, values.length);
        };
    }

    private static Gemm shortened(Gemm o) {
        return new Gemm(
                o.form(), o.a().slice(1, 0, o.k() - 1), o.b().slice(1, 0, o.k() - 1), o.c());
    }

    private static Gemm withoutLastColumn(Gemm o) {
        return new Gemm(
                o.form(), o.a(), o.b().slice(0, 0, o.n() - 1), o.c().slice(1, 0, o.n() - 1));
    }

    private static Launch truncated(Gemm o) {
        var exact = new Tensor(DType.F32, o.c().shape(), HostBuffer.of(o.c().count() * 4));
        var launch = CPU.bind(new Gemm(o.form(), o.a(), o.b(), exact));
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

    private static Attention rescaled(Attention o, double scale) {
        return new Attention(o.q(), o.k(), o.v(), o.out(), o.lse(), o.causal(), scale);
    }

    private static Launch oneHeadOfAGroup(AttentionBackward o) {
        var all = CPU.bind(o);
        int last = o.heads() - 1;
        var one =
                CPU.bind(
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

    private static Launch lostRow(LayerNormBackward o) {
        int rows = o.rows() - 1;
        var most =
                CPU.bind(
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
                CPU.bind(
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

    private static void withoutLast(float[] y) {
        for (int row = 0; row < y.length; row += 65)
            for (int i = 0; i < 64; i++) y[row + i] /= 1 - y[row + 64];
    }

    private static Launch shiftedTarget(CrossEntropy o) {
        var launch = CPU.bind(o);
        return stream -> {
            var targets = HostBuffer.segment(o.targets());
            int first = targets.getAtIndex(JAVA_INT, 0);
            int other = first == 0 ? 1 : first - 1;
            targets.setAtIndex(JAVA_INT, 0, other);
            launch.on(stream);
        };
    }

    private static Tensor uncorrected(Tensor scalars) {
        var memory = HostBuffer.segment(scalars);
        return floats(memory.getAtIndex(JAVA_FLOAT, 0), 1f, 1f, memory.getAtIndex(JAVA_FLOAT, 3));
    }

    private static Tensor floats(float... values) {
        var buffer = HostBuffer.of(values.length * 4L);
        MemorySegment.copy(values, 0, buffer.segment(), JAVA_FLOAT, 0, values.length);
        return new Tensor(DType.F32, Shape.of(values.length), buffer);
    }

    private static void copyRow(float[] c, int from, int to) {
        int n = 67;
        System.arraycopy(c, from * n, c, to * n, n);
    }

    private static void swap(float[] c) {
        float kept = c[40];
        c[40] = c[41];
        c[41] = kept;
    }

    private static void set(float[] c, int i, float value) {
        c[i] = value;
    }

    private static void each(float[] c, Function<Float, Float> f) {
        for (int i = 0; i < c.length; i++) c[i] = f.apply(c[i]);
    }
}
