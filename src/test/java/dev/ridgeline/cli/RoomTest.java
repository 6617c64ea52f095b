package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Presets;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The memory table is what is allocated, and what is said about a step that does not fit is true.
class RoomTest {
    private static final long MOST = 6L << 30;
    private static final Pattern LINE = Pattern.compile("(?m)^(.{44}) +([\\d,]+)  ");
    private static final Pattern CURE =
            Pattern.compile(
                    "(?:--batch (\\d+) --micro-batches (\\d+) ?)?(?:--seq (\\d+) ?)?"
                            + "(--recompute ?)?(?:--dtype (\\w+) ?)?\\(");

    private static long limit() {
        return HostRecord.read().memory().bytes().orElse(0L) / 3;
    }

    static Stream<Arguments> presets() {
        return Presets.names().stream()
                .flatMap(
                        name ->
                                Stream.of(false, true)
                                        .map(recompute -> Arguments.of(name, recompute)));
    }

    @ParameterizedTest
    @MethodSource("presets")
    void the_table_is_what_is_allocated(String model, boolean recompute) {
        var config = Presets.of(model);
        var options = StepOptions.of(1, 64).withRecompute(recompute);
        long limit = Math.min(MOST, limit());
        try (var roomy = new CpuDevice("cpu", 1, Long.MAX_VALUE)) {
            var plan = StepGraph.plan(config, options, roomy);
            long total = MemoryTable.total(plan);
            var table = MemoryTable.of(plan);
            assertThat(lines(table)).isEqualTo(total);
            assertThat(table).containsPattern("total +%,d ".formatted(total));
            try (var small = new CpuDevice("cpu", 1, total - 1)) {
                assertThatThrownBy(() -> new Room(config, options, small, 0).require())
                        .hasMessageContaining(" 1 bytes ")
                        .hasMessageContaining("are missing");
            }
            assumeTrue(total <= limit, () -> "%,d bytes are planned only".formatted(total));
            try (var exact = new CpuDevice("cpu", 1, total)) {
                new Room(config, options, exact, 0).require();
                try (var step = new TrainingStep(exact, config, options)) {
                    assertThat(exact.allocated()).isEqualTo(total);
                    assertThat(step.memory().regions()).isEqualTo(plan);
                }
                assertThat(exact.allocated()).isZero();
            }
        }
    }

    /// The sum of the lines above the total.
    private static long lines(String table) {
        return LINE.matcher(table)
                .results()
                .filter(line -> !line.group(1).strip().equals("total"))
                .mapToLong(line -> Long.parseLong(line.group(2).replace(",", "")))
                .sum();
    }

    /// Fewer and fewer bytes: every cure that is named fits.
    @ParameterizedTest
    @ValueSource(strings = {"gpt2-124m", "llama-1b", "moe-tiny"})
    void cures_fit(String model) {
        var config = Presets.of(model);
        var options = StepOptions.of(6, 64);
        long whole = MemoryTable.total(StepGraph.plan(config, options));
        int cured = 0;
        for (double share : new double[] {0.99, 0.95, 0.9, 0.8, 0.6, 0.3}) {
            long free = (long) (whole * share);
            try (var device = new CpuDevice("cpu", 1, free)) {
                var fault = catchThrowable(() -> new Room(config, options, device, 0).require());
                assertThat(fault).isInstanceOf(Fault.class).hasMessageContaining("are missing");
                if (!fault.getMessage().contains("it fits with ")) continue;
                for (var cure :
                        fault.getMessage().replaceFirst(".*it fits with ", "").split(", or ")) {
                    assertThat(MemoryTable.total(StepGraph.plan(config, parsed(options, cure))))
                            .as(cure)
                            .isLessThanOrEqualTo(free);
                    cured++;
                }
            }
        }
        assertThat(cured).isPositive();
    }

    private static StepOptions parsed(StepOptions options, String cure) {
        var found = CURE.matcher(cure);
        assertThat(found.find()).as(cure).isTrue();
        if (found.group(1) != null)
            options =
                    options.withBatch(Integer.parseInt(found.group(1)))
                            .withMicroBatches(Integer.parseInt(found.group(2)));
        if (found.group(3) != null)
            options = options.withSequence(Integer.parseInt(found.group(3)));
        if (found.group(4) != null) options = options.withRecompute(true);
        if (found.group(5) != null)
            options = options.withDtype(found.group(5).equals("bf16") ? DType.BF16 : DType.F32);
        return options;
    }

    /// With the host's memory to keep the rest in, all a step needs is room for its largest op.
    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny", "moe-tiny"})
    void streaming_is_a_cure_down_to_the_least_that_works(String model) {
        var config = Presets.of(model);
        var options = StepOptions.of(2, 32);
        long whole = MemoryTable.total(StepGraph.plan(config, options));
        long least = CappedExecution.least(config, options);
        assertThat(least).isLessThan(whole);
        try (var device = new CpuDevice("cpu", 1, least)) {
            assertThatThrownBy(() -> new Room(config, options, device, whole).require())
                    .hasMessageContaining("--stream (from ");
            assertThatThrownBy(() -> new Room(config, options, device, whole - 1).require())
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("--stream"));
            var room = new Room(config, options, device, whole);
            long arena = room.requireStreamed(0);
            var link = device.link();
            try (var step = new CappedExecution(device, link, config, options, arena)) {
                assertThat(device.allocated()).isEqualTo(least);
                assertThat(step.decide()).isPresent();
            }
        }
        try (var device = new CpuDevice("cpu", 1, least - 1)) {
            assertThatThrownBy(() -> new Room(config, options, device, whole).requireStreamed(0))
                    .hasMessageContaining("needs at least");
        }
    }

    @Test
    void where_nothing_helps_the_least_is_told() {
        Config config = Presets.of("llama-70b");
        try (var device = new CpuDevice("cpu", 1, 8L << 30)) {
            assertThatThrownBy(() -> new Room(config, StepOptions.of(2, 128), device, 0).require())
                    .hasMessageContaining("no flag makes it fit")
                    .hasMessageContaining("weights, gradients and moments are 1.0")
                    .hasMessageContaining("with --batch 1 --recompute is gpt2-350m");
        }
    }
}
