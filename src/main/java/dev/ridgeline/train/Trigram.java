package dev.ridgeline.train;

/// A model that predicts a byte from the two before it, as a baseline: counts, interpolated with
/// those of shorter contexts by Witten and Bell's rule (1991): with n occurrences of a context and
/// t different bytes seen after it, `P(c | context) = (count(c) + t · P(c | shorter)) / (n + t)`.
public final class Trigram {
    private static final int BYTES = 256;

    private final int[] threes = new int[BYTES * BYTES * BYTES];
    private final int[] twos = new int[BYTES * BYTES];
    private final int[] ones = new int[BYTES];

    public Trigram(byte[] text) {
        int context = 0;
        for (int i = 0; i < text.length; i++) {
            int c = text[i] & 0xff;
            ones[c]++;
            if (i >= 1) twos[(context & 0xff) << 8 | c]++;
            if (i >= 2) threes[(context & 0xffff) << 8 | c]++;
            context = context << 8 | c;
        }
    }

    /// Mean of `-log P` of the bytes in `[from, to)`, each given the two before it, in nats.
    ///
    /// @param from at least 2
    public double loss(byte[] text, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++)
            sum -= Math.log(probability(text[i - 2] & 0xff, text[i - 1] & 0xff, text[i] & 0xff));
        return sum / (to - from);
    }

    double probability(int a, int b, int c) {
        double shortest = mixed(ones, 0, c, 1.0 / BYTES);
        double shorter = mixed(twos, b << 8, c, shortest);
        return mixed(threes, (a << 8 | b) << 8, c, shorter);
    }

    private static double mixed(int[] counts, int context, int c, double shorter) {
        long all = 0;
        int different = 0;
        for (int i = 0; i < BYTES; i++) {
            int count = counts[context + i];
            all += count;
            if (count > 0) different++;
        }
        if (all == 0) return shorter;
        return (counts[context + c] + different * shorter) / (all + different);
    }
}
