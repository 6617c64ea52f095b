package dev.ridgeline.residency;

import org.apache.commons.math3.optim.MaxIter;
import org.apache.commons.math3.optim.linear.LinearConstraint;
import org.apache.commons.math3.optim.linear.LinearConstraintSet;
import org.apache.commons.math3.optim.linear.LinearObjectiveFunction;
import org.apache.commons.math3.optim.linear.NonNegativeConstraint;
import org.apache.commons.math3.optim.linear.Relationship;
import org.apache.commons.math3.optim.linear.SimplexSolver;
import org.apache.commons.math3.optim.nonlinear.scalar.GoalType;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// The program of [LeastTraffic] written down again, row by row, for commons-math to solve: the
/// least bytes that have to be copied per turn of a trace in a memory of a given size, whoever
/// plans it: the value of a linear program of which every plan is a solution.
///
/// Between two uses of a piece a share of it is kept, if the second reads it; the rest is copied
/// in. From one change of a piece to the next, what is not kept throughout is copied out once. At
/// every op what it uses and what is kept across it fits the memory. A plan keeps whole pieces, at
/// addresses that do not overlap; the program keeps any share of each, anywhere, so it is never
/// above the best plan.
final class TrafficProgram {
    /// @param change number of the change that its content is of; -1 if it is never changed
    private record Gap(int begin, int length, double bytes, int change) {}

    private final int turn;
    private final double[] used;
    private final List<Gap> gaps = new ArrayList<>();
    private final List<Double> changes = new ArrayList<>();

    TrafficProgram(Trace trace) {
        turn = trace.ops().size();
        used = new double[turn];
        for (int p = 0; p < trace.pieces().size(); p++)
            add(trace, trace.uses(p), trace.pieces().get(p).bytes());
    }

    private void add(Trace trace, List<Trace.Use> uses, double bytes) {
        int count = uses.size();
        int start =
                IntStream.range(0, count).filter(u -> uses.get(u).writes()).findFirst().orElse(-1);
        int change = -1;
        for (int i = 0; i < count; i++) {
            int u = Math.floorMod(start + i, count);
            var use = uses.get(u);
            var next = uses.get((u + 1) % count);
            used[use.op()] += bytes;
            if (use.writes()) {
                change = changes.size();
                changes.add(bytes);
            }
            if (next.reads())
                gaps.add(new Gap(use.op(), trace.distance(use.op(), next.op()), bytes, change));
        }
    }

    private boolean spans(int gap, int op) {
        int passed = Math.floorMod(op - gaps.get(gap).begin, turn);
        return passed > 0 && passed < gaps.get(gap).length;
    }

    /// Bytes in and out together.
    double within(double capacity) {
        int kept = gaps.size();
        // the share of each gap that is kept, then that of each change that is never copied out
        double[] worth = new double[kept + changes.size()];
        boolean[] needed = new boolean[changes.size()];
        var constraints = new ArrayList<LinearConstraint>();
        for (int g = 0; g < kept; g++) {
            worth[g] = gaps.get(g).bytes;
            constraints.add(new LinearConstraint(row(worth.length, g, 1), Relationship.LEQ, 1));
            int change = gaps.get(g).change;
            if (change < 0) continue;
            needed[change] = true;
            double[] both = row(worth.length, kept + change, 1);
            both[g] = -1;
            constraints.add(new LinearConstraint(both, Relationship.LEQ, 0));
        }
        for (int c = 0; c < needed.length; c++) if (needed[c]) worth[kept + c] = changes.get(c);
        for (int op = 0; op < turn; op++) {
            double[] row = new double[worth.length];
            double sum = 0;
            for (int g = 0; g < kept; g++) if (spans(g, op)) sum += row[g] = gaps.get(g).bytes;
            if (sum > capacity - used[op])
                constraints.add(new LinearConstraint(row, Relationship.LEQ, capacity - used[op]));
        }
        double all = 0;
        for (double w : worth) all += w;
        for (int c = 0; c < needed.length; c++)
            if (!needed[c])
                constraints.add(
                        new LinearConstraint(row(worth.length, kept + c, 1), Relationship.LEQ, 0));
        var best =
                new SimplexSolver()
                        .optimize(
                                new MaxIter(100_000),
                                new LinearObjectiveFunction(worth, 0),
                                new LinearConstraintSet(constraints),
                                GoalType.MAXIMIZE,
                                new NonNegativeConstraint(true));
        return all - best.getValue();
    }

    private static double[] row(int length, int at, double value) {
        double[] row = new double[length];
        row[at] = value;
        return row;
    }
}
