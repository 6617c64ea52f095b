package dev.ridgeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.device.Device;
import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.workload.OptimizerWorkloads;
import dev.ridgeline.op.Dither;
import dev.ridgeline.tensor.DType;

/// What stochastic rounding has to give on every device: to the bit what [Dither] says of the
/// parameters that the same launch wrote.
public final class Dithered {
    private static final int N = 66_001;

    private Dithered() {}

    public static void requireSameBits(Device device) {
        for (var gradient : new DType[] {DType.F32, DType.BF16}) {
            try (var instance = OptimizerWorkloads.dithered(N, gradient, 1).on(device);
                    var launch = device.bind(instance.op())) {
                launch.on(device.stream());
                device.stream().synchronize();
                var op = instance.op();
                double[] parameter = Operands.read(op.parameter());
                double[] copy = Operands.read(op.copy().orElseThrow());
                float key = (float) Operands.read(op.scalars())[4];
                int nearest = 0;
                for (int i = 0; i < N; i++) {
                    float value = (float) parameter[i];
                    assertThat((float) copy[i]).isEqualTo(Dither.round(value, key, i));
                    if (copy[i] == DType.fromBf16(DType.toBf16(value))) nearest++;
                }
                // three quarters on average: the nearer neighbour has a share between 1/2 and 1
                assertThat(nearest).isBetween(N * 7 / 10, N * 8 / 10);
            }
        }
    }
}
