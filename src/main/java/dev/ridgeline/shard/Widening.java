package dev.ridgeline.shard;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.ridgeline.shard.Checkpoint.Place;
import dev.ridgeline.tensor.DType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Reads stored tensors as f32.
public final class Widening {
    private static final long CHUNK = 1 << 22;

    private Widening() {}

    /// @param to `tensor.count()` f32
    /// @throws InvalidCheckpoint if its elements are not f64, f32, f16 or bf16
    public static void read(Place place, MemorySegment to) {
        var tensor = place.tensor();
        switch (tensor.type()) {
            case F32 -> place.file().read(tensor, 0, to);
            case F16, BF16, F64 -> {
                try (var arena = Arena.ofConfined()) {
                    var chunk = arena.allocate(CHUNK);
                    int size = tensor.type().bits() / 8;
                    for (long at = 0; at < tensor.bytes(); at += CHUNK) {
                        var part = chunk.asSlice(0, Math.min(CHUNK, tensor.bytes() - at));
                        place.file().read(tensor, at, part);
                        widen(tensor.type(), part, to.asSlice(at / size * Float.BYTES));
                    }
                }
            }
            default ->
                    throw new InvalidCheckpoint(
                            "%s: tensor '%s' is %s, weights are F32, BF16, F16 or F64",
                            place.file().path(), tensor.name(), tensor.type());
        }
    }

    private static void widen(StoredType type, MemorySegment from, MemorySegment to) {
        long count = from.byteSize() * 8 / type.bits();
        for (long i = 0; i < count; i++) {
            float value =
                    switch (type) {
                        case F16 -> Float.float16ToFloat(from.getAtIndex(JAVA_SHORT_UNALIGNED, i));
                        case BF16 -> DType.fromBf16(from.getAtIndex(JAVA_SHORT_UNALIGNED, i));
                        default -> (float) from.getAtIndex(JAVA_DOUBLE_UNALIGNED, i);
                    };
            to.setAtIndex(JAVA_FLOAT_UNALIGNED, i, value);
        }
    }
}
