package dev.ridgeline.cpu;

import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.MemorySegment;

/// Runs of bf16 in memory to and from f32 scratch memory. `count` is a multiple of `2 ·
/// Lanes.COUNT` everywhere, and the scratch is used from element 0.
///
/// [#split] and [#join] do not keep the order: they see two bf16 as one int and put the elements
/// with even numbers into the first half of the scratch, those with odd ones into the second. That
/// takes no instruction that crosses lanes and half the time of [#widen] and [#narrow].
final class Bf16Tile {
    private static final int UPPER = 0xffff0000;

    private Bf16Tile() {}

    static void split(MemorySegment half, long at, MemorySegment wide, long count) {
        long middle = count >> 1;
        for (long i = 0; i < middle; i += Lanes.COUNT) {
            var pairs = Lanes.loadPairs(half, at + 2 * i);
            var even = pairs.lanewise(VectorOperators.LSHL, 16);
            Lanes.storeF32(even.reinterpretAsFloats(), wide, i);
            Lanes.storeF32(pairs.and(UPPER).reinterpretAsFloats(), wide, middle + i);
        }
    }

    static void join(MemorySegment wide, MemorySegment half, long at, long count) {
        long middle = count >> 1;
        for (long i = 0; i < middle; i += Lanes.COUNT) {
            var even = Lanes.rounded(Lanes.loadF32(wide, i)).lanewise(VectorOperators.LSHR, 16);
            var odd = Lanes.rounded(Lanes.loadF32(wide, middle + i)).and(UPPER);
            Lanes.storePairs(even.or(odd), half, at + 2 * i);
        }
    }

    static void widen(MemorySegment half, long at, MemorySegment wide, long count) {
        for (long i = 0; i < count; i += Lanes.COUNT)
            Lanes.storeF32(Lanes.loadBf16(half, at + i), wide, i);
    }

    static void narrow(MemorySegment wide, MemorySegment half, long at, long count) {
        for (long i = 0; i < count; i += Lanes.COUNT)
            Lanes.storeBf16(Lanes.loadF32(wide, i), half, at + i);
    }
}
