package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.cuda.TensorMap.Swizzle;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

/// What can be described to the copy engine; what it then copies is in the stand-in's own test.
class TensorMapStandinTest extends OnStandin {
    private CudaBuffer buffer;
    private LaunchPlan plan;

    @BeforeEach
    void allocate() {
        buffer = device.allocate(1 << 16);
        plan = new LaunchPlan(device, new KernelId("copy", "sm90a", "boxes"));
    }

    @AfterEach
    void release() {
        plan.close();
        buffer.close();
    }

    private Tensor matrix(DType dtype, int rows, int columns, long pitch, long offset) {
        return new Tensor(dtype, Shape.of(rows, columns), List.of(pitch, 1L), buffer, offset);
    }

    @ParameterizedTest
    @CsvSource({"F32, 32", "BF16, 64", "F16, 64", "F8_E4M3, 128", "F8_E5M2, 128", "I32, 4"})
    void a_map_is_made_for_every_type(DType dtype, int columns) {
        var map = plan.map(matrix(dtype, 100, 130, 144, 16), 64, columns, Swizzle.BYTES_128);
        assertThat(map.address()).isPositive();
        assertThat(map.address() % 64).isZero();
    }

    @Test
    void what_the_copy_engine_cannot_read_is_refused() {
        assertThatThrownBy(() -> plan.map(matrix(DType.BF16, 9, 9, 9, 0), 8, 8, Swizzle.NONE))
                .hasMessageContaining("begins at a multiple of 16 bytes, as do its rows")
                .hasMessageEndingWith("every 18");
        assertThatThrownBy(() -> plan.map(matrix(DType.F32, 9, 9, 12, 1), 8, 8, Swizzle.NONE))
                .hasMessageContaining("begins at a multiple of 16 bytes");
        assertThatThrownBy(() -> plan.map(matrix(DType.F32, 9, 9, 12, 0), 257, 8, Swizzle.NONE))
                .hasMessage("a box has 1 to 256 rows and columns, and not 257 x 8");
        assertThatThrownBy(() -> plan.map(matrix(DType.F32, 9, 9, 12, 0), 8, 9, Swizzle.NONE))
                .hasMessageContaining("a row of a box is a multiple of 16 bytes");
        assertThatThrownBy(() -> plan.map(matrix(DType.F32, 9, 9, 12, 0), 8, 16, Swizzle.BYTES_32))
                .hasMessageEndingWith("swizzled, at most 32; it has 64");
    }
}
