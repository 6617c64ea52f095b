package dev.ridgeline.train;

/// Sequences of bytes cut from a text, and what follows each byte.
final class Windows {
    private final byte[] text;
    private final int sequence;

    Windows(byte[] text, int sequence) {
        this.text = text;
        this.sequence = sequence;
    }

    /// Tokens and what should follow each.
    record Batch(int[] in, int[] out) {}

    /// Windows at random places, which depend on seed, step and row alone.
    Batch random(long seed, long step, int rows) {
        int[] starts = new int[rows];
        for (int row = 0; row < rows; row++) {
            long bits = mix(mix(mix(seed) + step) + row);
            starts[row] = (int) Math.floorMod(bits >>> 1, (long) text.length - sequence);
        }
        return at(starts);
    }

    /// `rows` of `count` windows that are spread evenly, from number `first` on; each has two bytes
    /// before it.
    Batch even(int first, int rows, int count) {
        int[] starts = new int[rows];
        for (int row = 0; row < rows; row++) starts[row] = start(first + row, count);
        return at(starts);
    }

    int start(int number, int count) {
        long room = text.length - sequence - 3L;
        return (int) (2 + room * number / count);
    }

    private Batch at(int[] starts) {
        int[] in = new int[starts.length * sequence];
        int[] out = new int[in.length];
        for (int row = 0; row < starts.length; row++)
            for (int i = 0; i < sequence; i++) {
                in[row * sequence + i] = text[starts[row] + i] & 0xff;
                out[row * sequence + i] = text[starts[row] + i + 1] & 0xff;
            }
        return new Batch(in, out);
    }

    /// SplitMix64's finaliser (Steele, Lea and Flood 2014; constants of Stafford's variant 13).
    private static long mix(long z) {
        z += 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
