package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.report.ResultStore;
import dev.ridgeline.report.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class BenchCapacityTest {
    private static final String[] SMALL = {
        "bench",
        "capacity",
        "--model",
        "llama-tiny",
        "--batch",
        "1",
        "--seq",
        "16",
        "--rounds",
        "1",
        "--warmup-seconds",
        "0"
    };

    @Test
    void every_cap_is_measured_and_one_too_small_says_the_least(@TempDir Path folder) {
        var json = folder.resolve("capacity.json");
        var run = Shell.run(with("--caps", "100,60,1", "--json", json.toString()));
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("predicted", "measured", "knee", "least that works");
        var rows = ResultStore.read(json).rows();
        assertThat(rows)
                .extracting(Row::status)
                .containsExactly(Row.Status.MEASURED, Row.Status.MEASURED, Row.Status.REFUSED);
        var capped = rows.get(1).capacity().orElseThrow();
        assertThat(capped.in()).isPositive();
        assertThat(capped.capBytes()).isLessThan(capped.workingSetBytes());
        assertThat(rows.get(0).capacity().orElseThrow().in()).isZero();
        assertThat(rows.get(2).reason()).hasValueSatisfying(r -> assertThat(r).contains("least"));
    }

    @Test
    void parts_are_scaled_to_the_largest() {
        var run = Shell.run(with("--caps", "h100,b300", "--dry-run"));
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("b300", "h100");
    }

    @Test
    void what_is_no_cap_is_named() {
        var run = Shell.run(with("--caps", "fast"));
        assertThat(run.exit()).isEqualTo(Exit.USAGE);
        assertThat(run.err()).contains("'fast' is no cap");
    }

    @Test
    void what_is_no_speed_is_named() {
        var run = Shell.run(with("--link", "55"));
        assertThat(run.exit()).isEqualTo(Exit.USAGE);
        assertThat(run.err()).contains("55GB/s");
    }

    @Test
    void what_does_not_fit_is_in_files(@TempDir Path folder) {
        var run =
                Shell.run(with("--caps", "60", "--offload", folder.toString(), "--device", "cpu"));
        assertThat(run.exit()).isZero();
        var none = folder.resolve("none");
        var failed =
                Shell.run(with("--caps", "60", "--offload", none.toString(), "--device", "cpu"));
        assertThat(failed.exit()).isEqualTo(Exit.ENVIRONMENT);
        assertThat(failed.err()).contains(none + ": there is no such folder");
    }

    private static String[] with(String... more) {
        var all = new ArrayList<>(List.of(SMALL));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
