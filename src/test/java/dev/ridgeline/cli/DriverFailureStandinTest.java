package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.ResultStore;
import dev.ridgeline.report.Row;
import dev.ridgeline.report.Row.Status;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A driver that fails in the middle of a run: the rows before are on disk, the row it fails in
/// says why in one sentence, and the exit code is that of an environment that lacks something.
class DriverFailureStandinTest {
    @TempDir Path folder;

    @BeforeAll
    static void on_the_standin() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
    }

    @Test
    void an_allocation_without_room_fails_its_row_alone() throws Exception {
        var rows = run("alloc:1").rows();
        assertThat(rows)
                .extracting(Row::status)
                .containsExactly(Status.MEASURED, Status.FAILED, Status.MEASURED);
        assertThat(rows.get(1).reason().orElseThrow())
                .matches("cuda:0: [\\d,]+ bytes do not fit; .*");
    }

    @Test
    void an_illegal_address_fails_its_row_and_what_comes_after_on_that_device() throws Exception {
        var rows = run("illegal_address:1").rows();
        assertThat(rows)
                .extracting(Row::status)
                .containsExactly(Status.MEASURED, Status.FAILED, Status.FAILED);
        assertThat(rows.get(1).reason().orElseThrow())
                .contains("cuda:0: CUDA_ERROR_ILLEGAL_ADDRESS while ");
        assertThat(rows.get(2).reason().orElseThrow())
                .startsWith("cuda:0 takes no more work since it failed: ")
                .contains("CUDA_ERROR_ILLEGAL_ADDRESS");
    }

    @Test
    void a_lost_device_fails_its_row_and_what_comes_after_on_that_device() throws Exception {
        var rows = run("device_lost:1").rows();
        assertThat(rows)
                .extracting(Row::status)
                .containsExactly(Status.MEASURED, Status.FAILED, Status.FAILED);
        assertThat(rows.get(1).reason().orElseThrow()).matches("cuda:0: CUDA_ERROR_\\w+ while .*");
    }

    @Test
    void verify_shows_what_it_found_before_and_ends_with_the_reason() throws Exception {
        var process =
                ChildJvm.start(
                        "dev.ridgeline.cli.Ridgeline",
                        List.of(),
                        builder ->
                                builder.environment()
                                        .put(
                                                "STANDIN_FAIL",
                                                "illegal_address:scale_portable_vectorized_f32"),
                        "verify",
                        "--device",
                        "cuda:0",
                        "--op",
                        "copy,scale");
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isEqualTo(Exit.ENVIRONMENT);
        assertThat(output)
                .contains("copy/portable_vectorized")
                .contains("ridgeline: cuda:0: CUDA_ERROR_ILLEGAL_ADDRESS while ");
    }

    private ResultFile run(String failure) throws IOException, InterruptedException {
        var json = folder.resolve("run.json");
        var process =
                ChildJvm.start(
                        "dev.ridgeline.cli.StandinBench",
                        List.of(),
                        _ -> {},
                        "--json",
                        json.toString(),
                        failure);
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isEqualTo(Exit.ENVIRONMENT);
        return ResultStore.read(json);
    }
}
