package dev.ridgeline.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What the tiled kernels allocate when they are bound grows with T and not with T².
class AttentionScratchTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int HEAD_DIM = 64;
    private static final double MIB = 1 << 20;

    @ParameterizedTest
    @CsvSource({"1, 1", "12, 1", "12, 12", "40, 40"})
    void the_forward_is_linear(int heads, int keyHeads) {
        assertLinear(heads, seq -> forward(heads, keyHeads, seq));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "12, 1", "12, 12", "40, 40"})
    void the_backward_is_linear(int heads, int keyHeads) {
        assertLinear(heads, seq -> backward(heads, keyHeads, seq));
    }

    /// Writes the table that `benchmarks/README.md` shows.
    @Test
    void each_doubling_of_the_length_at_most_doubles_the_scratch() throws IOException {
        var table = new StringBuilder("| T | operands | forward | backward | scores, not kept |\n");
        table.append("| ---: | ---: | ---: | ---: | ---: |\n");
        long lastForward = Long.MAX_VALUE / 4;
        long lastBackward = Long.MAX_VALUE / 4;
        for (int seq = 1024; seq <= 16_384; seq *= 2) {
            long forward = allocated(forward(12, 12, seq));
            long backward = allocated(backward(12, 12, seq));
            assertTrue(forward < 2.1 * lastForward, "forward at " + seq + ": " + forward);
            assertTrue(backward < 2.1 * lastBackward, "backward at " + seq + ": " + backward);
            table.append(
                    "| %d | %.1f MiB | %.1f MiB | %.1f MiB | %.0f MiB |%n"
                            .formatted(
                                    seq,
                                    4 * 4.0 * 12 * seq * HEAD_DIM / MIB,
                                    forward / MIB,
                                    backward / MIB,
                                    4.0 * 12 * seq * seq / MIB));
            lastForward = forward;
            lastBackward = backward;
        }
        Files.writeString(Path.of("target", "attention-memory.md"), table);
    }

    private interface OpOfLength {
        Op of(int seq);
    }

    private static void assertLinear(int heads, OpOfLength op) {
        long once = allocated(op.of(8192));
        long twice = allocated(op.of(16_384));
        assertTrue(twice < 2.1 * once, twice + " bytes for twice the length, " + once + " before");
        long scores = 4L * 16_384 * 16_384 * heads;
        assertTrue(twice < scores / 8, twice + " bytes, the scores are " + scores);
    }

    private static <O extends Op> long allocated(O op) {
        try (var device = new CpuDevice("cpu", 2, 0)) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            device.bind(op).close();
            return THREADS.getCurrentThreadAllocatedBytes() - before;
        }
    }

    private static Attention forward(int heads, int keyHeads, int seq) {
        var q = tensor(heads, seq);
        var k = tensor(keyHeads, seq);
        return new Attention(q, k, k, q, lse(heads, seq), true, 0.125);
    }

    private static AttentionBackward backward(int heads, int keyHeads, int seq) {
        var q = tensor(heads, seq);
        var k = tensor(keyHeads, seq);
        var lse = lse(heads, seq);
        return new AttentionBackward(q, k, k, q, lse, q, q, k, k, true, 0.125);
    }

    /// All rows in the same place, so that a long tensor needs no memory.
    private static Tensor tensor(int heads, int seq) {
        return new Tensor(
                DType.F32,
                Shape.of(1, heads, seq, HEAD_DIM),
                List.of(0L, 0L, 0L, 1L),
                HostBuffer.of(4 * HEAD_DIM),
                0);
    }

    private static Tensor lse(int heads, int seq) {
        return new Tensor(
                DType.F32,
                Shape.of(1, heads, seq),
                List.of(0L, 0L, 1L),
                HostBuffer.of(4L * seq),
                0);
    }
}
