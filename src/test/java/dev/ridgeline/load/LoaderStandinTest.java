package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.cuda.OnStandin;
import dev.ridgeline.load.Loader.Options;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.StoredType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The same path on CUDA: page-locked memory, copies on streams of their own, copies between
/// devices.
class LoaderStandinTest extends OnStandin {
    @TempDir Path folder;

    private static Loader loader(Access access) {
        return new Loader(new Options(access, 3, 1 << 16, 2, true));
    }

    @ParameterizedTest
    @CsvSource({"BUFFERED, false", "BUFFERED, true", "MAPPED, false", "MAPPED, true"})
    void every_tensor_arrives(Access access, boolean cast) {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan =
                    LoadPlan.whole(
                            checkpoint, cast ? Optional.of(StoredType.BF16) : Optional.empty());
            try (var target = Target.on(device, plan)) {
                var report = loader(access).load(plan, target);
                assertThat(report.inPlace()).as("read into a GPU's memory").isZero();
                assertThat(report.stages())
                        .extracting(LoadReport.Stage::name)
                        .isEqualTo(
                                cast ? List.of("read", "cast", "copy") : List.of("read", "copy"));
                var copy = report.stages().getLast();
                long landed = plan.extents().stream().mapToLong(Extent::landing).sum();
                assertThat(copy.bytes()).isEqualTo(landed);
                assertThat(copy.busy()).isPositive();
                assertThat(Arrival.check(plan, target).whole()).isTrue();
            }
        }
        assertThat(device.allocated()).isZero();
    }

    @Test
    void shares_are_gathered_from_the_other_device() {
        assumeTrue(Cuda.devices() > 1, "STANDIN_DEVICES is 1");
        try (var other = CudaDevice.open(1, free -> free);
                var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            var targets = List.of(Target.on(device, plan), Target.on(other, plan));
            for (int rank = 0; rank < 2; rank++)
                loader(Access.BUFFERED).load(plan.share(rank, 2), targets.get(rank));
            assertThat(Arrival.check(plan, targets.get(1)).whole()).isFalse();
            Gathering.all(plan, targets);
            for (var target : targets) assertThat(Arrival.check(plan, target).whole()).isTrue();
            targets.forEach(Target::close);
        }
    }

    @Test
    void what_limits_a_load() {
        try (var checkpoint = Samples.mixed(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            var options = new Options(Access.BUFFERED, 2, 1 << 16, 2, true);
            try (var target = Target.on(device, plan)) {
                assertThat(Copying.link(options, target)).isPresent();
                assertThat(Copying.memory(options, target)).isPositive();
            }
        }
    }
}
