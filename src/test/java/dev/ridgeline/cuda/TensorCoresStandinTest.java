package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.measure.workload.GemmWorkloads;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Tolerance;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Long sums on tensor cores: the stand-in cuts them off as the hardware does, here with the blocks
/// of eight that sm_80 and sm_89 have, the smallest.
class TensorCoresStandinTest extends OnStandin {
    private static Kernel<Gemm> kernel(String name) {
        return device.kernels(Gemm.class).stream()
                .filter(k -> k.id().toString().equals("gemm/" + name))
                .findFirst()
                .orElseThrow();
    }

    private static Workload<Gemm> weightGradient(int k, DType dtype) {
        return GemmWorkloads.gemm(Gemm.Form.TN, 128, k, 64, dtype, k);
    }

    @ParameterizedTest
    @CsvSource({"512, BF16", "4096, BF16", "16384, BF16", "4096, F16"})
    void what_is_cut_off_is_admitted_and_well_used(int k, DType dtype) {
        for (var idea : new String[] {"portable_pipelined", "portable_mma"}) {
            check(kernel(idea), weightGradient(k, dtype));
        }
    }

    private static void check(Kernel<Gemm> kernel, Workload<Gemm> workload) {
        switch (Verifier.check(kernel, workload, device)) {
            case Verified<Gemm> verified ->
                    assertThat(verified.evidence().worst()).isBetween(0.05, 0.8);
            case Refused<Gemm>(var _, var reason) -> fail(reason);
            case Wrong<Gemm> wrong -> fail(wrong.message());
        }
    }

    /// sm_89 keeps 13 bits of what it sums, and here that shows although the output is bf16.
    @ParameterizedTest
    @CsvSource({"512, F8_E4M3", "4096, F8_E4M3", "4096, F8_E5M2"})
    void products_of_eight_bits_are_as_coarse_as_admitted(int k, DType dtype) {
        var workload = GemmWorkloads.gemm(Gemm.Form.NT, 128, k, 64, dtype, k);
        check(kernel("sm89_pipelined"), workload);
    }

    /// Rounding alone does not explain what a tensor core gives, and a lost product of average size
    /// is not admitted.
    @ParameterizedTest
    @ValueSource(ints = {4096, 16384})
    void it_is_more_than_rounding_and_less_than_a_product(int k) {
        var kernel = kernel("portable_pipelined");
        var workload = weightGradient(k, DType.BF16);
        try (var instance = workload.on(device);
                var host = workload.onHost();
                var launch = kernel.bind(instance.op())) {
            launch.on(device.stream());
            device.stream().synchronize();
            double[] exact = Reference.expected(host.op()).getFirst();
            double[] got = Operands.read(instance.op().c());
            Tolerance rounded = instance.op().tolerance(0);
            Tolerance admitted = kernel.tolerance(instance.op(), 0);
            int towardsZero = 0;
            int past = 0;
            for (int i = 0; i < got.length; i++) {
                if (Math.abs(got[i]) < Math.abs(exact[i])) towardsZero++;
                if (!rounded.admits(got[i], exact[i])) past++;
                assertThat(admitted.admits(exact[i] + 0.25, exact[i])).isFalse();
            }
            assertThat(towardsZero).isGreaterThan(got.length * 2 / 3);
            assertThat(past).isPositive();
        }
    }
}
