package dev.ridgeline.measure;

import dev.ridgeline.device.Device;
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
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.Rope;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.tensor.DType;

import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/// The mistakes that kernels have, one by one.
final class PlantedBugs {
    /// A right kernel given a wrong op, or what a kernel did spoiled afterwards.
    record Bug<O extends Op>(String name, Workload<O> workload, Function<O, Launch> faulty) {}

    private final Faults faults;

    PlantedBugs(Device device) {
        faults = new Faults(device);
    }

    Stream<Bug<?>> all() {
        var gemm = GemmWorkloads.gemm(Gemm.Form.NT, 65, 129, 67, DType.F32, 1);
        var long16 = GemmWorkloads.gemm(Gemm.Form.NT, 9, 2061, 33, DType.BF16, 2);
        var gradient = GemmWorkloads.gemm(Gemm.Form.TN, 33, 64, 31, DType.F32, 3);
        var attention = AttentionWorkloads.forward(2, 4, 2, 33, 64, true, DType.F32, 4);
        var backward = AttentionWorkloads.backward(1, 4, 2, 33, 64, true, DType.F32, 5);
        var cross = SoftmaxWorkloads.crossEntropy(7, 257, DType.F32, 6);
        return Stream.of(
                bug(
                        "the last product of a sum is dropped",
                        gemm,
                        o -> faults.right(Faults.shortened(o))),
                bug(
                        "the last column is never written",
                        gemm,
                        o -> faults.right(Faults.withoutLastColumn(o))),
                bug(
                        "the last row is written twice and the first never",
                        gemm,
                        o -> faults.spoiled(o, o.c(), c -> Faults.copyRow(c, 0, 1))),
                bug(
                        "two neighbours are swapped",
                        gemm,
                        o -> faults.spoiled(o, o.c(), Faults::swap)),
                bug(
                        "one element is off by a thousandth",
                        gemm,
                        o ->
                                faults.spoiled(
                                        o,
                                        o.c(),
                                        c -> Faults.set(c, c.length - 1, c[c.length - 1] + 1e-3f))),
                bug("a bf16 result is truncated and not rounded", long16, o -> faults.truncated(o)),
                bug(
                        "a gradient overwrites and does not add",
                        gradient,
                        o -> faults.right(new Gemm(o.form(), o.a(), o.b(), o.c(), Epilogue.NONE))),
                bug(
                        "b is read as if it were not transposed",
                        GemmWorkloads.gemm(Gemm.Form.NT, 32, 64, 64, DType.F32, 7),
                        o -> faults.right(new Gemm(Gemm.Form.NN, o.a(), o.b(), o.c()))),
                bug("scores are not scaled", attention, o -> faults.right(Faults.rescaled(o, 1))),
                bug(
                        "the mask is forgotten",
                        attention,
                        o ->
                                faults.right(
                                        new Attention(
                                                o.q(), o.k(), o.v(), o.out(), o.lse(), false,
                                                o.scale()))),
                bug(
                        "log-sum-exp in base 2",
                        attention,
                        o -> faults.spoiled(o, o.lse(), l -> Faults.each(l, x -> x * 1.442695f))),
                bug(
                        "keys and values are swapped",
                        attention,
                        o ->
                                faults.right(
                                        new Attention(
                                                o.q(), o.v(), o.k(), o.out(), o.lse(), true,
                                                o.scale()))),
                bug(
                        "query gradients miss the scale",
                        backward,
                        o -> faults.spoiled(o, o.dq(), d -> Faults.each(d, x -> x * 8))),
                bug(
                        "a group's key gradients keep only one query head",
                        backward,
                        faults::oneHeadOfAGroup),
                bug(
                        "eps is another",
                        NormWorkloads.rmsNorm(7, 64, DType.F32, 8),
                        o -> faults.right(new RmsNorm(o.x(), o.weight(), o.y(), o.rstd(), 0.1))),
                bug(
                        "the last row is lost in a reduction",
                        NormWorkloads.layerNormBackward(65, 64, DType.F32, 9),
                        faults::lostRow),
                bug(
                        "softmax runs over one element less",
                        SoftmaxWorkloads.softmax(7, 65, DType.F32, 10),
                        o -> faults.spoiled(o, o.y(), Faults::withoutLast)),
                bug("the target is off by one", cross, o -> faults.shiftedTarget(o)),
                bug(
                        "the gradient of the sum and not of the mean",
                        cross,
                        o ->
                                faults.right(
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
                                faults.right(
                                        new AdamW(
                                                o.parameter(),
                                                o.gradient(),
                                                o.m(),
                                                o.v(),
                                                Faults.uncorrected(o.scalars()),
                                                o.copy(),
                                                o.beta1(),
                                                o.beta2(),
                                                o.eps(),
                                                o.decay()))),
                bug(
                        "the angle has the wrong sign",
                        PositionWorkloads.rope(1, 2, 9, 64, false, DType.F32, 12),
                        o ->
                                faults.right(
                                        new Rope(
                                                o.x(),
                                                o.frequencies(),
                                                o.y(),
                                                o.firstPosition(),
                                                !o.inverse()))),
                bug(
                        "gate and up are swapped",
                        ElementwiseWorkloads.swiGlu(7, 65, DType.F32, 13),
                        o -> faults.right(new SwiGlu(o.up(), o.gate(), o.y()))),
                bug(
                        "positions are forgotten",
                        PositionWorkloads.embedding(3, 4, 31, 64, DType.F32, 14),
                        o ->
                                faults.right(
                                        new Embedding(
                                                o.tokens(), o.table(), Optional.empty(), o.y()))));
    }

    private static <O extends Op> Bug<O> bug(
            String name, Workload<O> workload, Function<O, Launch> faulty) {
        return new Bug<>(name, workload, faulty);
    }
}
