package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Maximizes `cost · x` where `0 <= x <= upper` and `A x <= limit`, all costs being positive, by
/// the dual simplex method with bounded variables (Koberstein, The Dual Simplex Method, Techniques
/// for a Fast and Stable Implementation, 2005, chapter 3): from all at their upper bounds the row
/// that is exceeded most is met, by what it costs least to lessen, until none is exceeded.
///
/// Made for few tight rows: it holds the inverse of that part of the basis only.
final class BoxedSimplex {
    /// The matrix, which need not exist as numbers.
    interface Matrix {
        double at(int row, int column);

        /// `A x`.
        double[] times(double[] x);

        /// `y A`.
        double[] across(double[] y);
    }

    /// Less than this is rounding.
    private static final double LITTLE = 1e-9;

    /// By how much a limit may be exceeded.
    private static final double TOLERANCE = 1e-3;

    /// Exchanges for each row and column, at most: many times what is ever needed.
    private static final int EXCHANGES = 10;

    /// What leaves the basis: the slack of a row, or the basic column at a place.
    private record Leaving(boolean row, int at, double excess) {}

    /// What enters it: a column, or the slack of the tight row at a place.
    private record Entering(boolean row, int at, double ratio) {}

    private final Matrix matrix;
    private final double[] upper;
    private final double[] value;
    private final double[] reduced;
    private final double[] price;
    private final boolean[] basic;
    private final boolean[] isTight;
    private final List<Integer> tight = new ArrayList<>();
    private final List<Integer> columns = new ArrayList<>();

    /// Of the tight rows of the basic columns: a row for each of these.
    private double[][] inverse = new double[16][16];

    BoxedSimplex(Matrix matrix, int rows, double[] cost, double[] upper) {
        this.matrix = matrix;
        this.upper = upper;
        value = upper.clone();
        reduced = cost.clone();
        price = new double[rows];
        basic = new boolean[upper.length];
        isTight = new boolean[rows];
    }

    /// Solves for these limits, none of them negative, from the last solution.
    ///
    /// There always is a solution. Should rounding keep it from being found, the search ends where
    /// it is: prices are a bound at any time, while what is kept may then exceed a limit.
    void within(double[] limit) {
        restart(limit);
        int most = EXCHANGES * (price.length + value.length);
        for (int i = 0; i < most; i++) {
            var leaving = leaving(limit);
            if (leaving.excess <= TOLERANCE) return;
            double[] along = along(leaving);
            double sign = !leaving.row && value[columns.get(leaving.at)] > 0 ? -1 : 1;
            double[] weights = new double[price.length];
            for (int r = 0; r < tight.size(); r++)
                weights[tight.get(r)] = leaving.row ? along[r] : -along[r];
            if (leaving.row) weights[leaving.at] = -1;
            for (int r = 0; r < weights.length; r++) weights[r] *= sign;
            double[] gain = matrix.across(weights);
            var entering = entering(weights, gain);
            if (entering.ratio == Double.POSITIVE_INFINITY) return;
            for (int r = 0; r < price.length; r++) price[r] -= entering.ratio * weights[r];
            for (int c = 0; c < reduced.length; c++) reduced[c] += entering.ratio * gain[c];
            exchange(leaving, entering, along, weights, gain);
        }
    }

    /// What is kept of each.
    double[] values() {
        return value.clone();
    }

    /// By how much the maximum grows with each limit.
    double[] prices() {
        return price.clone();
    }

    private void restart(double[] limit) {
        for (int column : columns) value[column] = 0;
        double[] used = matrix.times(value);
        for (int i = 0; i < columns.size(); i++) {
            double sum = 0;
            for (int r = 0; r < tight.size(); r++)
                sum += inverse[i][r] * (limit[tight.get(r)] - used[tight.get(r)]);
            value[columns.get(i)] = sum;
        }
    }

    private Leaving leaving(double[] limit) {
        var most = new Leaving(true, -1, 0);
        double[] used = matrix.times(value);
        for (int r = 0; r < limit.length; r++)
            if (!isTight[r] && used[r] - limit[r] > most.excess)
                most = new Leaving(true, r, used[r] - limit[r]);
        for (int i = 0; i < columns.size(); i++) {
            int c = columns.get(i);
            double excess = Math.max(-value[c], value[c] - upper[c]);
            if (excess > most.excess) most = new Leaving(false, i, excess);
        }
        return most;
    }

    /// What leaves, as a combination of the tight rows.
    private double[] along(Leaving leaving) {
        int k = tight.size();
        if (!leaving.row) return Arrays.copyOf(inverse[leaving.at], k);
        double[] sum = new double[k];
        for (int i = 0; i < k; i++) {
            double factor = matrix.at(leaving.at, columns.get(i));
            if (factor != 0) for (int r = 0; r < k; r++) sum[r] += factor * inverse[i][r];
        }
        return sum;
    }

    /// What costs least to change, of all that make what leaves feasible.
    private Entering entering(double[] weights, double[] gain) {
        var best = new Entering(true, -1, Double.POSITIVE_INFINITY);
        for (int c = 0; c < reduced.length; c++) {
            if (basic[c]) continue;
            double effect = value[c] > 0 ? -gain[c] : gain[c];
            double ratio = Math.abs(reduced[c]) / effect;
            if (effect > LITTLE && ratio < best.ratio) best = new Entering(false, c, ratio);
        }
        for (int r = 0; r < tight.size(); r++) {
            double effect = weights[tight.get(r)];
            double ratio = Math.max(0, price[tight.get(r)]) / effect;
            if (effect > LITTLE && ratio < best.ratio) best = new Entering(true, r, ratio);
        }
        return best;
    }

    private void exchange(
            Leaving leaving, Entering entering, double[] along, double[] weights, double[] gain) {
        int k = tight.size();
        double[] change = change(entering);
        double pivot =
                entering.row
                        ? along[entering.at]
                        : leaving.row ? gain[entering.at] : change[leaving.at];
        double effect =
                entering.row ? weights[tight.get(entering.at)] : Math.abs(gain[entering.at]);
        double step = leaving.excess / effect;
        double direction = entering.row || value[entering.at] <= 0 ? 1 : -1;
        for (int i = 0; i < k; i++) value[columns.get(i)] -= direction * step * change[i];
        if (!entering.row) value[entering.at] += direction * step;
        for (int i = 0; i < k; i++) {
            double factor = change[i] / pivot;
            if (factor != 0) for (int r = 0; r < k; r++) inverse[i][r] -= factor * along[r];
        }
        if (!leaving.row) {
            int column = columns.get(leaving.at);
            basic[column] = false;
            value[column] = value[column] > upper[column] / 2 ? upper[column] : 0;
        }
        if (!entering.row) basic[entering.at] = true;
        if (leaving.row) isTight[leaving.at] = true;
        if (entering.row) isTight[tight.get(entering.at)] = false;
        if (leaving.row && !entering.row) {
            grow(k + 1);
            for (int r = 0; r < k; r++) inverse[k][r] = along[r] / pivot;
            for (int i = 0; i < k; i++) inverse[i][k] = change[i] / pivot;
            inverse[k][k] = -1 / pivot;
            tight.add(leaving.at);
            columns.add(entering.at);
        } else if (leaving.row) {
            for (int i = 0; i < k; i++) inverse[i][entering.at] = change[i] / pivot;
            tight.set(entering.at, leaving.at);
        } else if (!entering.row) {
            for (int r = 0; r < k; r++) inverse[leaving.at][r] = along[r] / pivot;
            columns.set(leaving.at, entering.at);
        } else remove(leaving.at, entering.at);
    }

    /// How the basic columns fall with what enters.
    private double[] change(Entering entering) {
        int k = tight.size();
        double[] sum = new double[k];
        for (int r = 0; r < k; r++) {
            double factor =
                    entering.row ? r == entering.at ? 1 : 0 : matrix.at(tight.get(r), entering.at);
            if (factor != 0) for (int i = 0; i < k; i++) sum[i] += factor * inverse[i][r];
        }
        return sum;
    }

    private void grow(int size) {
        if (size <= inverse.length) return;
        inverse = Arrays.copyOf(inverse, 2 * inverse.length);
        for (int i = 0; i < inverse.length; i++)
            inverse[i] =
                    inverse[i] == null
                            ? new double[inverse.length]
                            : Arrays.copyOf(inverse[i], inverse.length);
    }

    /// The last column and row take the places of those that go.
    private void remove(int column, int row) {
        int last = tight.size() - 1;
        inverse[column] = inverse[last];
        inverse[last] = new double[inverse.length];
        for (int i = 0; i < last; i++) inverse[i][row] = inverse[i][last];
        columns.set(column, columns.get(last));
        columns.removeLast();
        tight.set(row, tight.get(last));
        tight.removeLast();
    }
}
