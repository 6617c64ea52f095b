package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/// The least bytes that have to be copied per turn of a trace in a memory of a given size, whoever
/// plans it, and what is kept then: a linear program of which every plan is a solution.
///
/// Between two uses of a piece some of it is kept, if the second reads it; the rest is copied in.
/// From one change of a piece to the next, what is not kept throughout is copied out once. At every
/// op what it uses and what is kept across it fits the memory. A plan also needs addresses, at
/// which nothing overlaps; the program does not, so it is never above the best plan.
final class LeastTraffic {
    /// The share of a saving that decides between equal ones: for what is needed sooner, so that
    /// memory is free for longer, and then in order, so that neighbours are dropped together.
    private static final double SOONER = 1e-4;

    private static final double ORDER = 1e-6;

    /// The time between two uses of a piece, of which the second reads it.
    ///
    /// @param use number of the first
    /// @param begin op of the first
    /// @param length ops until the second
    /// @param saves copies that are saved where it is kept by itself
    /// @param content number among those contents that have more than one gap, and so are copied
    ///   out unless they are kept in all of them; -1 for others
    private record Gap(int piece, int use, int begin, int length, int saves, int content) {}

    private final Trace trace;
    private final int turn;
    private final double[] used;
    private final List<Gap> gaps = new ArrayList<>();
    private final List<Integer> contents = new ArrayList<>();
    private final BoxedSimplex simplex;

    LeastTraffic(Trace trace) {
        this.trace = trace;
        turn = trace.ops().size();
        used = new double[turn];
        for (int p = 0; p < trace.pieces().size(); p++) {
            for (var use : trace.uses(p)) used[use.op()] += bytes(p);
            add(p, trace.uses(p));
        }
        int count = gaps.size() + contents.size();
        double[] saved = new double[count];
        double[] upper = new double[count];
        for (int g = 0; g < gaps.size(); g++) {
            var gap = gaps.get(g);
            upper[g] = bytes(gap.piece);
            saved[g] = gap.saves * (1 - SOONER * gap.length / turn - ORDER * g / count);
        }
        for (int c = 0; c < contents.size(); c++) {
            upper[gaps.size() + c] = bytes(contents.get(c));
            saved[gaps.size() + c] = 1 - ORDER * c / count;
        }
        simplex = new BoxedSimplex(new Memory(), turn + gaps.size(), saved, upper);
    }

    private double bytes(int piece) {
        return trace.pieces().get(piece).bytes();
    }

    private void add(int piece, List<Trace.Use> uses) {
        int count = uses.size();
        int change =
                IntStream.range(0, count).filter(u -> uses.get(u).writes()).findFirst().orElse(-1);
        if (change < 0) {
            for (int u = 0; u < count; u++) gaps.add(gap(piece, u, 1, -1));
            return;
        }
        var own = new ArrayList<Integer>();
        for (int i = 0; i < count; i++) {
            int u = (change + i) % count;
            var next = uses.get((u + 1) % count);
            if (next.reads()) own.add(u);
            if (!next.writes()) continue;
            boolean many = own.size() > 1;
            for (int kept : own)
                gaps.add(gap(piece, kept, many ? 1 : 2, many ? contents.size() : -1));
            if (many) contents.add(piece);
            own.clear();
        }
    }

    private Gap gap(int piece, int use, int saves, int content) {
        var uses = trace.uses(piece);
        int begin = uses.get(use).op();
        int length = trace.distance(begin, uses.get((use + 1) % uses.size()).op());
        return new Gap(piece, use, begin, length, saves, content);
    }

    /// A column for the bytes that are kept in each gap and one for those of each content that are
    /// never copied out; a row for each op, and one for each gap, in which no less is kept than is
    /// never copied out.
    private final class Memory implements BoxedSimplex.Matrix {
        @Override
        public double at(int row, int column) {
            boolean kept = column < gaps.size();
            if (row >= turn) {
                if (kept) return column == row - turn && gaps.get(column).content >= 0 ? -1 : 0;
                return gaps.get(row - turn).content == column - gaps.size() ? 1 : 0;
            }
            if (!kept) return 0;
            int passed = Math.floorMod(row - gaps.get(column).begin, turn);
            return passed > 0 && passed < gaps.get(column).length ? 1 : 0;
        }

        @Override
        public double[] times(double[] x) {
            double[] sums = new double[2 * turn + 1];
            double[] found = new double[turn + gaps.size()];
            for (int g = 0; g < gaps.size(); g++) {
                var gap = gaps.get(g);
                sums[gap.begin + 1] += x[g];
                sums[gap.begin + gap.length] -= x[g];
                if (gap.content >= 0) found[turn + g] = x[gaps.size() + gap.content] - x[g];
            }
            for (int t = 1; t < 2 * turn; t++) sums[t] += sums[t - 1];
            for (int t = 0; t < turn; t++) found[t] = sums[t] + sums[turn + t];
            return found;
        }

        @Override
        public double[] across(double[] y) {
            double[] sums = new double[2 * turn + 1];
            for (int t = 0; t < 2 * turn; t++) sums[t + 1] = sums[t] + y[t % turn];
            double[] found = new double[gaps.size() + contents.size()];
            for (int g = 0; g < gaps.size(); g++) {
                var gap = gaps.get(g);
                found[g] = sums[gap.begin + gap.length] - sums[gap.begin + 1];
                if (gap.content < 0) continue;
                found[g] -= y[turn + g];
                found[gaps.size() + gap.content] += y[turn + g];
            }
            return found;
        }
    }

    /// Bytes in and out together; empty if an op does not fit.
    ///
    /// Taken from the solution's prices alone, by weak duality (Bertsimas and Tsitsiklis,
    /// Introduction to Linear Optimization, 1997, theorem 4.3), so that it is a bound whatever the
    /// solver's rounding did: with memory at any price, each content is cheapest by itself.
    OptionalDouble within(double capacity) {
        double[] limit = new double[turn + gaps.size()];
        for (int t = 0; t < turn; t++) limit[t] = capacity - used[t];
        if (Arrays.stream(limit).anyMatch(l -> l < 0)) return OptionalDouble.empty();
        simplex.within(limit);
        double[] price = new double[limit.length];
        System.arraycopy(simplex.prices(), 0, price, 0, turn);
        double least = 0;
        for (int t = 0; t < turn; t++) {
            price[t] = Math.max(0, price[t]);
            least -= price[t] * limit[t];
        }
        double[] held = new Memory().across(price);
        double[] throughout = new double[contents.size()];
        double[] apart = new double[contents.size()];
        for (int g = 0; g < gaps.size(); g++) {
            var gap = gaps.get(g);
            double each = bytes(gap.piece) * Math.min(held[g], gap.saves);
            if (gap.content < 0) {
                least += each;
                continue;
            }
            throughout[gap.content] += bytes(gap.piece) * held[g];
            apart[gap.content] += each;
        }
        for (int c = 0; c < contents.size(); c++)
            least += Math.min(throughout[c], apart[c] + bytes(contents.get(c)));
        return OptionalDouble.of(Math.max(0, least));
    }

    /// Bytes of each piece that are kept after each of its uses, in the last solution; parts of
    /// pieces in multiples of `unit`.
    long[][] kept(long unit) {
        long[][] found = new long[trace.pieces().size()][];
        for (int p = 0; p < found.length; p++) found[p] = new long[trace.uses(p).size()];
        double[] bytes = simplex.values();
        for (int g = 0; g < gaps.size(); g++) {
            var gap = gaps.get(g);
            long all = trace.pieces().get(gap.piece).bytes();
            long kept = Math.round(bytes[g]);
            found[gap.piece][gap.use] = kept >= all ? all : kept / unit * unit;
        }
        return found;
    }
}
