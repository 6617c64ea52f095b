package dev.ridgeline.load;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.ridgeline.shard.StoredType;
import dev.ridgeline.tensor.DType;

import java.lang.foreign.MemorySegment;

/// Changes the element type of what passes by, rounding to nearest even.
final class Cast {
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
            // the usual one, in a loop of its own that the JVM makes the most of
            for (long i = 0; i < count; i++)
                target.setAtIndex(
                        JAVA_SHORT_UNALIGNED,
                        i,
                        DType.toBf16(source.getAtIndex(JAVA_FLOAT_UNALIGNED, i)));
            return;
        }
        for (long i = 0; i < count; i++) {
            float value = value(from, source, i);
            if (to == StoredType.BF16)
                target.setAtIndex(JAVA_SHORT_UNALIGNED, i, DType.toBf16(value));
            else target.setAtIndex(JAVA_FLOAT_UNALIGNED, i, value);
        }
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
