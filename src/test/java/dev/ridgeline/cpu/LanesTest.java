package dev.ridgeline.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The vector loads and stores of bf16 against [DType], bit for bit.
class LanesTest {
    @Test
    void every_bf16_is_widened_exactly() {
        try (var half = HostBuffer.of(2 << 16);
                var wide = HostBuffer.of(4 << 16)) {
            for (int i = 0; i < 1 << 16; i++) half.segment().setAtIndex(JAVA_SHORT, i, (short) i);
            for (int i = 0; i < 1 << 16; i += Lanes.COUNT)
                Lanes.storeF32(Lanes.loadBf16(half.segment(), i), wide.segment(), i);
            for (int i = 0; i < 1 << 16; i++)
                assertThat(wide.segment().getAtIndex(JAVA_INT, i)).isEqualTo(i << 16);
        }
    }

    @Test
    void stores_round_as_the_scalar_conversion_does() {
        var values = specials();
        try (var wide = HostBuffer.of(4L * values.size());
                var half = HostBuffer.of(2L * values.size())) {
            for (int i = 0; i < values.size(); i++)
                wide.segment().setAtIndex(JAVA_INT, i, values.get(i));
            for (int i = 0; i < values.size(); i += Lanes.COUNT)
                Lanes.storeBf16(Lanes.loadF32(wide.segment(), i), half.segment(), i);
            for (int i = 0; i < values.size(); i++)
                assertThat(half.segment().getAtIndex(JAVA_SHORT, i))
                        .as("of %08x", values.get(i))
                        .isEqualTo(DType.toBf16(wide.segment().getAtIndex(JAVA_FLOAT, i)));
        }
    }

    @Test
    void heap_memory_is_refused() {
        var heap = MemorySegment.ofArray(new float[Lanes.COUNT]);
        assertThatThrownBy(() -> Lanes.loadF32(heap, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("native memory");
    }

    /// Around every bf16 bit pattern, so also around ties, denormals, infinities and NaNs: the
    /// pattern itself, just before and after half of the way to the next, half of the way, and the
    /// last before the next.
    private static List<Integer> specials() {
        var values = new ArrayList<Integer>();
        for (int upper = 0; upper < 1 << 16; upper++)
            for (int lower : new int[] {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff})
                values.add(upper << 16 | lower);
        while (values.size() % Lanes.COUNT != 0) values.add(0);
        return values;
    }
}
