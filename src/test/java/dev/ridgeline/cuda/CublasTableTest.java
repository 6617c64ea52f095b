package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.measure.workload.GemmWorkloads;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.Tolerance;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

/// What a product by tf32 may be off.
class CublasTableTest {
    /// Bits of an f32 that tf32 has not.
    private static final int LOST = 0x1fff;

    @SuppressWarnings("unchecked") // all of the table are products
    private static Tolerance tolerance(Gemm op) {
        var tf32 =
                CublasTable.kernels().stream()
                        .filter(k -> k.id().idea().equals("cublaslt_tf32"))
                        .findFirst()
                        .orElseThrow();
        return ((CudaKernel<Gemm>) tf32).within().of(op, 0, 90);
    }

    private static void cut(Tensor t) {
        var words = HostBuffer.segment(t);
        for (long i = 0; i < t.count(); i++)
            words.setAtIndex(JAVA_INT, i, words.getAtIndex(JAVA_INT, i) & ~LOST);
    }

    @Test
    void operands_that_were_cut_are_admitted_and_a_lost_term_is_not() {
        for (int k : new int[] {64, 1024}) {
            try (var product = GemmWorkloads.gemm(Form.NT, 64, k, 64, DType.F32, 1).onHost()) {
                var op = product.op();
                double[] exact = Reference.expected(op).getFirst();
                cut(op.a());
                cut(op.b());
                double[] got = Reference.expected(op).getFirst();
                var admitted = tolerance(op);
                int exactly = 0;
                for (int i = 0; i < got.length; i++) {
                    assertThat(admitted.admits(got[i], exact[i])).isTrue();
                    if (op.tolerance(0).admits(got[i], exact[i])) exactly++;
                }
                assertThat(exactly).isLessThan(got.length / 2);
                assertThat(admitted.admits(exact[0] + 0.25, exact[0])).isFalse();
            }
        }
    }
}
