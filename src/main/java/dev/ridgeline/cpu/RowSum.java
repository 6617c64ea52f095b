package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.op.Residual;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/// The sum of a residual stream and a branch, a part of a row at a time.
final class RowSum {
    private final RowWindow x;
    private final RowWindow branch;
    private final RowWindow sum;

    RowSum(Tensor x, Residual residual, int length) {
        this.x = new RowWindow(x, length);
        this.branch = new RowWindow(residual.branch(), length);
        this.sum = new RowWindow(residual.sum(), length);
    }

    /// Elements `[i, i + n)`.
    void compute(long i, int n) {
        x.lookAhead(i, n);
        branch.lookAhead(i, n);
        add(x.memory(), x.next(), branch.memory(), branch.next(), sum.memory(), sum.room(i), n);
        sum.write(i, n);
    }

    /// `c = a + b`.
    static void add(
            MemorySegment a,
            long atA,
            MemorySegment b,
            long atB,
            MemorySegment c,
            long atC,
            int n) {
        Lanes.known(a);
        Lanes.known(b);
        Lanes.known(c);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT)
            FloatVector.fromMemorySegment(F32, a, (atA + i) * 4, LE)
                    .add(FloatVector.fromMemorySegment(F32, b, (atB + i) * 4, LE))
                    .intoMemorySegment(c, (atC + i) * 4, LE);
        for (; i < n; i++)
            c.setAtIndex(
                    JAVA_FLOAT,
                    atC + i,
                    a.getAtIndex(JAVA_FLOAT, atA + i) + b.getAtIndex(JAVA_FLOAT, atB + i));
    }
}
