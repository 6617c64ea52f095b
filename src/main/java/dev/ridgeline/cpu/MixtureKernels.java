package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/// Mixtures of experts. Routing is scalar: a row has few experts.
final class MixtureKernels {
    private static final int ROWS_PER_TASK = 32;

    private MixtureKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        var scratch = new GemmScratch(workers.threads());
        return List.of(
                CpuKernel.of(
                        Router.class,
                        "rows",
                        o -> Refusals.gaps(all(o.reads(), o.writes())),
                        o -> new RouterRows(workers, o)),
                CpuKernel.of(
                        RouterBackward.class,
                        "rows",
                        o -> Refusals.gaps(all(o.reads(), o.writes())),
                        o -> routerBackward(workers, o)),
                CpuKernel.of(
                        GroupedGemm.class,
                        "blocked",
                        o -> Refusals.gaps(all(o.reads(), o.writes())),
                        o -> new GroupedProducts(o, workers, scratch)),
                CpuKernel.of(
                        Combine.class,
                        "rows",
                        o -> Refusals.gaps(all(o.reads(), o.writes())),
                        o -> combine(workers, o)),
                CpuKernel.of(
                        CombineBackward.class,
                        "rows",
                        o -> Refusals.gaps(all(o.reads(), o.writes())),
                        o -> combineBackward(workers, o)));
    }

    private static List<Tensor> all(List<Tensor> reads, List<Tensor> writes) {
        return Stream.concat(reads.stream(), writes.stream()).toList();
    }

    /// Runs `row` for every number in `[0, rows)`.
    private static Launch eachRow(Workers workers, int rows, IntConsumer row) {
        Workers.Task task =
                (number, _) -> {
                    int to = Math.min(rows, (number + 1) * ROWS_PER_TASK);
                    for (int r = number * ROWS_PER_TASK; r < to; r++) row.accept(r);
                };
        return _ -> workers.run(Math.ceilDiv(rows, ROWS_PER_TASK), task);
    }

    private static Launch routerBackward(Workers workers, RouterBackward op) {
        var p = new Elements(op.probabilities());
        var gates = new Elements(op.gates());
        var experts = new Elements(op.experts());
        var offsets = new Elements(op.offsets());
        var dgates = new Elements(op.dgates());
        var dlogits = new Elements(op.dlogits());
        int count = op.expertCount();
        int active = op.active();
        double load = op.balance() * count / op.rows() / op.rows();
        return eachRow(
                workers,
                op.rows(),
                r -> {
                    double meanLoad = 0;
                    for (int e = 0; e < count; e++)
                        meanLoad +=
                                p.real(r * count + e)
                                        * load
                                        * (offsets.integer(e + 1) - offsets.integer(e));
                    double mean = 0;
                    for (int j = r * active; j < (r + 1) * active; j++)
                        mean += (double) gates.real(j) * dgates.real(j);
                    for (int e = 0; e < count; e++) {
                        double d = load * (offsets.integer(e + 1) - offsets.integer(e)) - meanLoad;
                        double sum = p.real(r * count + e) * d;
                        for (int j = r * active; j < (r + 1) * active; j++)
                            if (experts.integer(j) == e)
                                sum += gates.real(j) * (dgates.real(j) - mean);
                        dlogits.set(r * count + e, (float) sum);
                    }
                });
    }

    private static Launch combine(Workers workers, Combine op) {
        var y = new Elements(op.y());
        var out = new Elements(op.out());
        var places = new Elements(op.places());
        var gates = op.gates().map(Elements::new);
        int cols = op.cols();
        int active = op.active();
        int whole = Lanes.F32.loopBound(cols);
        return eachRow(
                workers,
                op.rows(),
                r -> {
                    for (int c = 0; c < whole; c += Lanes.COUNT) {
                        var sum = FloatVector.zero(Lanes.F32);
                        for (int j = r * active; j < (r + 1) * active; j++) {
                            float gate = gates.isPresent() ? gates.get().real(j) : 1;
                            long at = y.at() + (long) places.integer(j) * cols + c;
                            var value = Lanes.load(y.dtype(), y.memory(), at);
                            sum = value.fma(value.broadcast(gate), sum);
                        }
                        Lanes.store(out.dtype(), sum, out.memory(), out.at() + (long) r * cols + c);
                    }
                    for (int c = whole; c < cols; c++) {
                        float sum = 0;
                        for (int j = r * active; j < (r + 1) * active; j++)
                            sum =
                                    Math.fma(
                                            y.real((long) places.integer(j) * cols + c),
                                            gates.isPresent() ? gates.get().real(j) : 1,
                                            sum);
                        out.set((long) r * cols + c, sum);
                    }
                });
    }

    private static Launch combineBackward(Workers workers, CombineBackward op) {
        var y = new Elements(op.y());
        var dy = new Elements(op.dy());
        var dout = new Elements(op.dout());
        var places = new Elements(op.places());
        var gates = new Elements(op.gates());
        var dgates = new Elements(op.dgates());
        int cols = op.cols();
        int active = op.active();
        int whole = Lanes.F32.loopBound(cols);
        return eachRow(
                workers,
                op.rows(),
                r -> {
                    float[] lanes = new float[Lanes.COUNT];
                    for (int j = r * active; j < (r + 1) * active; j++) {
                        float gate = gates.real(j);
                        long place = (long) places.integer(j) * cols;
                        var dot = FloatVector.zero(Lanes.F32);
                        for (int c = 0; c < whole; c += Lanes.COUNT) {
                            var d =
                                    Lanes.load(
                                            dout.dtype(),
                                            dout.memory(),
                                            dout.at() + (long) r * cols + c);
                            var value = Lanes.load(y.dtype(), y.memory(), y.at() + place + c);
                            dot = d.fma(value, dot);
                            Lanes.store(dy.dtype(), d.mul(gate), dy.memory(), dy.at() + place + c);
                        }
                        dot.intoArray(lanes, 0);
                        float sum = Lanes.sum(lanes);
                        for (int c = whole; c < cols; c++) {
                            float d = dout.real((long) r * cols + c);
                            sum = Math.fma(d, y.real(place + c), sum);
                            dy.set(place + c, d * gate);
                        }
                        dgates.set(j, sum);
                    }
                });
    }

    /// The elements of a contiguous tensor.
    record Elements(MemorySegment memory, DType dtype, long at) {
        Elements(Tensor t) {
            this(HostBuffer.segment(t), t.dtype(), t.offset());
        }

        float real(long i) {
            return Lanes.get(dtype, memory, at + i);
        }

        int integer(long i) {
            return memory.getAtIndex(JAVA_INT, at + i);
        }

        void set(long i, float value) {
            Lanes.set(dtype, value, memory, at + i);
        }

        void set(long i, int value) {
            memory.setAtIndex(JAVA_INT, at + i, value);
        }
    }
}
