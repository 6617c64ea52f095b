package dev.ridgeline.cpu;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

final class OptimizerKernels {
    private OptimizerKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        AdamW.class,
                        "lanes",
                        o -> Refusals.gaps(operands(o).toArray(Tensor[]::new)),
                        o -> new Sweep(workers, operands(o), 1, new Step(o))));
    }

    private static List<Tensor> operands(AdamW op) {
        var operands = new ArrayList<>(List.of(op.gradient(), op.parameter(), op.m(), op.v()));
        op.copy().ifPresent(operands::add);
        return operands;
    }

    /// The step of a run of parameters. What changes from step to step is read from `scalars`.
    private record Step(AdamW op, MemorySegment scalars) implements Sweep.Loop {
        Step(AdamW op) {
            this(op, HostBuffer.segment(op.scalars()));
        }

        private double scalar(int i) {
            return Lanes.get(DType.F32, scalars, op.scalars().offset() + i);
        }

        @Override
        public void run(MemorySegment[] memory, long[] at, long count) {
            double rate = scalar(0);
            double scale = scalar(3);
            step(
                    memory,
                    at,
                    count,
                    (float) op.beta1(),
                    (float) ((1 - op.beta1()) * scale),
                    (float) op.beta2(),
                    (float) ((1 - op.beta2()) * scale * scale),
                    (float) (rate / scalar(1)),
                    (float) (1 / scalar(2)),
                    (float) op.eps(),
                    (float) (1 - rate * op.decay()));
            if (op.copy().isPresent())
                StreamKernels.copy(memory[1], at[1], memory[4], at[4], count);
        }
    }

    /// ```
    /// m = beta1 m + gain1 g          v = beta2 v + gain2 g²
    /// p = keep p - rate m / (sqrt(unbias2 v) + eps)
    /// ```
    private static void step(
            MemorySegment[] memory,
            long[] at,
            long count,
            float beta1,
            float gain1,
            float beta2,
            float gain2,
            float rate,
            float unbias2,
            float eps,
            float keep) {
        MemorySegment gradient = memory[0], parameter = memory[1], m = memory[2], v = memory[3];
        long gradientAt = at[0], parameterAt = at[1], mAt = at[2], vAt = at[3];
        var decay1 = FloatVector.broadcast(Lanes.F32, beta1);
        var decay2 = FloatVector.broadcast(Lanes.F32, beta2);
        var shrink = FloatVector.broadcast(Lanes.F32, keep);
        for (long i = 0; i < count; i += Lanes.COUNT) {
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
}
