package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.shard.StoredType;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.util.Random;

class CastTest {
    /// Every sign and exponent, with fractions that round up, down, to even and over; then any
    /// bits.
    @Test
    void f32_is_rounded_as_a_tensors_elements_are() {
        int[] fractions = {0, 1, 0x7fff, 0x8000, 0x8001, 0x18000, 0x3fffff, 0x400000, 0x7fffff};
        int count = 512 * fractions.length + 100_000;
        var random = new Random(4);
        try (var arena = Arena.ofConfined()) {
            var from = arena.allocate(4L * count, 64);
            for (int i = 0; i < count; i++)
                from.setAtIndex(
                        JAVA_INT,
                        i,
                        i < 512 * fractions.length
                                ? i / fractions.length << 23 | fractions[i % fractions.length]
                                : random.nextInt());
            var to = arena.allocate(2L * count, 64);
            Cast.run(StoredType.F32, from, StoredType.BF16, to);
            for (int i = 0; i < count; i++) {
                int bits = from.getAtIndex(JAVA_INT, i);
                short expected = DType.toBf16(Float.intBitsToFloat(bits));
                if (to.getAtIndex(JAVA_SHORT, i) != expected)
                    throw new AssertionError(
                            "%08x became %04x, not %04x"
                                    .formatted(bits, to.getAtIndex(JAVA_SHORT, i), expected));
            }
        }
    }

    @Test
    void what_is_cast() {
        assertThat(Cast.knows(StoredType.F32, StoredType.BF16)).isTrue();
        assertThat(Cast.knows(StoredType.BF16, StoredType.BF16)).isFalse();
        assertThat(Cast.knows(StoredType.I32, StoredType.F32)).isFalse();
        assertThat(Cast.knows(StoredType.F32, StoredType.F16)).isFalse();
    }
}
