package dev.ridgeline.load;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.ridgeline.shard.StoredType;
import dev.ridgeline.tensor.DType;

import java.lang.foreign.MemorySegment;

/// Changes the element type of what passes by, rounding to nearest even.
final class Cast {
    private static final int CHUNK = 2048;

    private Cast() {}

    /// F64, F32 and F16 become BF16; F64, F16 and BF16 become F32.
    static boolean knows(StoredType from, StoredType to) {
        return switch (to) {
            case BF16 -> from == StoredType.F32 || from == StoredType.F16 || from == StoredType.F64;
            case F32 -> from == StoredType.BF16 || from == StoredType.F16 || from == StoredType.F64;
            default -> false;
        };
    }

    /// @param source whole elements of `from`
    /// @param target as many of `to`
    static void run(StoredType from, MemorySegment source, StoredType to, MemorySegment target) {
        long count = source.byteSize() * 8 / from.bits();
        if (from == StoredType.F32 && to == StoredType.BF16) {
            rounded(source, target, count);
            return;
        }
        for (long i = 0; i < count; i++) {
            float value = value(from, source, i);
            if (to == StoredType.BF16)
                target.setAtIndex(JAVA_SHORT_UNALIGNED, i, DType.toBf16(value));
            else target.setAtIndex(JAVA_FLOAT_UNALIGNED, i, value);
        }
    }

    /// The usual one, by way of arrays that stay in the first cache. Loops over arrays without a
    /// branch are what the JVM makes vectors of, and of two simple ones rather than of both in one.
    private static void rounded(MemorySegment source, MemorySegment target, long count) {
        int[] bits = new int[CHUNK];
        short[] halves = new short[CHUNK];
        for (long at = 0; at < count; at += CHUNK) {
            int part = (int) Math.min(CHUNK, count - at);
            MemorySegment.copy(source, JAVA_INT_UNALIGNED, Integer.BYTES * at, bits, 0, part);
            round(bits);
            narrow(bits, halves);
            MemorySegment.copy(halves, 0, target, JAVA_SHORT_UNALIGNED, Short.BYTES * at, part);
        }
    }

    /// Leaves the upper halves in the lower ones.
    private static void round(int[] bits) {
        for (int i = 0; i < bits.length; i++) {
            int b = bits[i];
            int up = b + 0x7fff + (b >>> 16 & 1);
            // all ones where it is not a number, which stays one, and quiet
            int nan = 0x7f80_0000 - (b & 0x7fff_ffff) >> 31;
            bits[i] = (up & ~nan | (b | 0x0040_0000) & nan) >> 16;
        }
    }

    private static void narrow(int[] bits, short[] halves) {
        for (int i = 0; i < bits.length; i++) halves[i] = (short) bits[i];
    }

    private static float value(StoredType from, MemorySegment source, long i) {
        return switch (from) {
            case F64 -> (float) source.getAtIndex(JAVA_DOUBLE_UNALIGNED, i);
            case F16 -> Float.float16ToFloat(source.getAtIndex(JAVA_SHORT_UNALIGNED, i));
            case BF16 -> DType.fromBf16(source.getAtIndex(JAVA_SHORT_UNALIGNED, i));
            default -> source.getAtIndex(JAVA_FLOAT_UNALIGNED, i);
        };
    }
}
