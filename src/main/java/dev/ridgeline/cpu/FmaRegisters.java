package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/// [FmaLoop] with the lanes of a task in twelve vector registers for all its rounds.
///
/// Two units with a latency of four cycles need eight independent multiply-adds in flight, and ten
/// where the latency is five; twelve and the two factors leave two of sixteen registers free.
final class FmaRegisters implements Launch {
    private static final int VECTORS = 12;
    private static final int GROUP = VECTORS * Lanes.COUNT;

    private final Workers workers;
    private final Workers.Task task = this::run;
    private final MemorySegment memory;
    private final long offset;
    private final int lanes;
    private final long rounds;
    private final int tasks;
    private final float[][] scratch;

    FmaRegisters(Workers workers, FmaLoop op) {
        this.workers = workers;
        this.memory = HostBuffer.segment(op.lanes());
        this.offset = op.lanes().offset();
        this.lanes = op.lanes().dim(0);
        this.rounds = op.iterations();
        this.tasks = Math.ceilDiv(lanes, GROUP);
        this.scratch = new float[workers.threads()][GROUP];
    }

    @Override
    public void on(Stream stream) {
        workers.run(tasks, task);
    }

    private void run(int number, int worker) {
        float[] x = scratch[worker];
        int first = number * GROUP;
        for (int i = 0; i < GROUP; i++) x[i] = (first + i) % FmaLoop.STARTS;
        rounds(x, rounds);
        int count = Math.min(GROUP, lanes - first);
        MemorySegment.copy(x, 0, memory, JAVA_FLOAT, (offset + first) * 4, count);
    }

    private static void rounds(float[] x, long rounds) {
        var p = FloatVector.broadcast(Lanes.F32, FmaLoop.A);
        var q = FloatVector.broadcast(Lanes.F32, FmaLoop.B);
        var a = load(x, 0);
        var b = load(x, 1);
        var c = load(x, 2);
        var d = load(x, 3);
        var e = load(x, 4);
        var f = load(x, 5);
        var g = load(x, 6);
        var h = load(x, 7);
        var i = load(x, 8);
        var j = load(x, 9);
        var k = load(x, 10);
        var l = load(x, 11);
        for (long round = 0; round < rounds; round++) {
            a = p.fma(q, a);
            b = p.fma(q, b);
            c = p.fma(q, c);
            d = p.fma(q, d);
            e = p.fma(q, e);
            f = p.fma(q, f);
            g = p.fma(q, g);
            h = p.fma(q, h);
            i = p.fma(q, i);
            j = p.fma(q, j);
            k = p.fma(q, k);
            l = p.fma(q, l);
        }
        store(a, x, 0);
        store(b, x, 1);
        store(c, x, 2);
        store(d, x, 3);
        store(e, x, 4);
        store(f, x, 5);
        store(g, x, 6);
        store(h, x, 7);
        store(i, x, 8);
        store(j, x, 9);
        store(k, x, 10);
        store(l, x, 11);
    }

    private static FloatVector load(float[] x, int vector) {
        return FloatVector.fromArray(Lanes.F32, x, vector * Lanes.COUNT);
    }

    private static void store(FloatVector value, float[] x, int vector) {
        value.intoArray(x, vector * Lanes.COUNT);
    }
}
