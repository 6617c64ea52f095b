package dev.ridgeline.cpu;

import dev.ridgeline.cpu.MixtureKernels.Elements;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Router;

import java.util.Arrays;

/// [Router]: probabilities and choices row by row, then a counting sort of the pairs by expert.
final class RouterRows implements Launch {
    private static final int ROWS_PER_TASK = 32;

    private final Workers workers;
    private final Workers.Task choose = this::choose;
    private final Elements logits;
    private final Elements probabilities;
    private final Elements gates;
    private final Elements experts;
    private final Elements places;
    private final Elements sources;
    private final Elements offsets;
    private final int rows;
    private final int count;
    private final int active;
    private final int[] next;

    RouterRows(Workers workers, Router op) {
        this.workers = workers;
        logits = new Elements(op.logits());
        probabilities = new Elements(op.probabilities());
        gates = new Elements(op.gates());
        experts = new Elements(op.experts());
        places = new Elements(op.places());
        sources = new Elements(op.sources());
        offsets = new Elements(op.offsets());
        rows = op.rows();
        count = op.expertCount();
        active = op.active();
        next = new int[count + 1];
    }

    @Override
    public void on(Stream stream) {
        workers.run(Math.ceilDiv(rows, ROWS_PER_TASK), choose);
        Arrays.fill(next, 0);
        for (int pair = 0; pair < rows * active; pair++) next[experts.integer(pair) + 1]++;
        for (int e = 0; e < count; e++) next[e + 1] += next[e];
        for (int e = 0; e <= count; e++) offsets.set(e, next[e]);
        for (int pair = 0; pair < rows * active; pair++) {
            int place = next[experts.integer(pair)]++;
            places.set(pair, place);
            sources.set(place, pair / active);
        }
    }

    private void choose(int task, int worker) {
        for (int r = task * ROWS_PER_TASK; r < Math.min(rows, (task + 1) * ROWS_PER_TASK); r++)
            choose(r);
    }

    private void choose(int r) {
        int row = r * count;
        float max = Float.NEGATIVE_INFINITY;
        for (int e = 0; e < count; e++) max = Math.max(max, logits.real(row + e));
        double sum = 0;
        for (int e = 0; e < count; e++) sum += Math.exp(logits.real(row + e) - (double) max);
        for (int e = 0; e < count; e++)
            probabilities.set(
                    row + e, (float) (Math.exp(logits.real(row + e) - (double) max) / sum));
        double chosen = 0;
        for (int j = 0; j < active; j++) {
            int best = best(row, r * active, j);
            experts.set(r * active + j, best);
            chosen += Math.exp(logits.real(row + best) - (double) max);
        }
        for (int j = r * active; j < (r + 1) * active; j++) {
            double weight = Math.exp(logits.real(row + experts.integer(j)) - (double) max);
            gates.set(j, (float) (weight / chosen));
        }
    }

    /// The expert with the largest logit that is not among the `taken` chosen before; the first
    /// where none compares as larger, as when they are NaN.
    private int best(int row, int pair, int taken) {
        int best = -1;
        for (int e = 0; e < count; e++) {
            boolean free = true;
            for (int j = 0; j < taken; j++) free &= experts.integer(pair + j) != e;
            if (free && (best < 0 || logits.real(row + e) > logits.real(row + best))) best = e;
        }
        return best;
    }
}
