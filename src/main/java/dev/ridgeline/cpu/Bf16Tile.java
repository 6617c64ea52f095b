package dev.ridgeline.cpu;

import java.lang.foreign.MemorySegment;

/// Loops over runs of bf16. `count` is a multiple of [Sweep#STEP] everywhere.
///
/// [#split] and [#join] go to and from f32 scratch memory, from its element 0 on, and do not keep
/// the order: the elements with even numbers are in the first half of the scratch, those with odd
/// ones in the second.
final class Bf16Tile {
    private Bf16Tile() {}

    static void split(MemorySegment bf16, long at, MemorySegment f32, long count) {
        var half = Lanes.known(bf16);
        var wide = Lanes.known(f32);
        long middle = count >> 1;
        for (long i = 0; i < middle; i += Lanes.COUNT) {
            var pairs = Lanes.loadPairs(half, at + 2 * i);
            Lanes.storeF32(Lanes.even(pairs), wide, i);
            Lanes.storeF32(Lanes.odd(pairs), wide, middle + i);
        }
    }

    static void join(MemorySegment f32, MemorySegment bf16, long at, long count) {
        var wide = Lanes.known(f32);
        var half = Lanes.known(bf16);
        long middle = count >> 1;
        for (long i = 0; i < middle; i += Lanes.COUNT) {
            var even = Lanes.loadF32(wide, i);
            var odd = Lanes.loadF32(wide, middle + i);
            Lanes.storePairs(even, odd, half, at + 2 * i);
        }
    }

    /// `y = a + b`, all bf16, without scratch. `y` may be `a` or `b`.
    static void add(
            MemorySegment a,
            long aAt,
            MemorySegment b,
            long bAt,
            MemorySegment y,
            long yAt,
            long count) {
        var left = Lanes.known(a);
        var right = Lanes.known(b);
        var to = Lanes.known(y);
        for (long i = 0; i < count; i += 2 * Lanes.COUNT) {
            var l = Lanes.loadPairs(left, aAt + i);
            var r = Lanes.loadPairs(right, bAt + i);
            var even = Lanes.even(l).add(Lanes.even(r));
            var odd = Lanes.odd(l).add(Lanes.odd(r));
            Lanes.storePairs(even, odd, to, yAt + i);
        }
    }

    /// [#join] in order, from f32 that need not be scratch.
    static void narrow(MemorySegment f32, long f32At, MemorySegment bf16, long at, long count) {
        var wide = Lanes.known(f32);
        var half = Lanes.known(bf16);
        for (long i = 0; i < count; i += Lanes.COUNT)
            Lanes.storeBf16(Lanes.loadF32(wide, f32At + i), half, at + i);
    }
}
