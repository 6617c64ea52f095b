package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What cannot be done is said in one sentence, with the documented exit code, before anything is
/// measured.
class BadInputTest {
    @TempDir static Path folder;

    @BeforeAll
    static void files() throws IOException {
        Files.writeString(
                folder.resolve("truncated.json"), "{\"schema\": \"ridgeline-result-1\", ");
        Files.writeString(folder.resolve("later.json"), "{\"schema\": \"ridgeline-result-2\"}");
        Files.writeString(folder.resolve("other.json"), "{\"rows\": []}");
        Files.createDirectory(folder.resolve("folder.json"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
                    frobnicate                             | 2 | Unmatched argument at index 0: 'frobnicate'
                    bench --frob                           | 2 | Unknown option: '--frob'; see ridgeline bench --help
                    bench gem                              | 2 | Unmatched argument at index 1: 'gem' (did you mean gemm?); see ridgeline bench --help
                    bench gemm --seq 12                    | 2 | Unknown options: '--seq', '12'
                    bench gemm --dtype f64                 | 2 | 'f64' is none of f32, bf16, f16, e4m3, e5m2
                    bench norm --dtype f16                 | 2 | 'f16' is none of f32, bf16
                    bench memory --dtype bf16              | 2 | copy, scale and triad have kernels for f32 only
                    bench gemm --form nx                   | 2 | expected one of [NT, NN, TN] (case-insensitive) but was 'nx'
                    bench gemm --m 8                       | 2 | --m, --n and --k belong together
                    bench gemm --m 8x --n 8 --k 8          | 2 | '8x' is not a size: use 256, 256,512 or 1024:4096:1024
                    bench gemm --m 0 --n 8 --k 8           | 2 | '0' is not a size
                    bench gemm --m 9999999999 --n 8 --k 8  | 2 | '9999999999' is not a size
                    bench gemm --m 8:4:1 --n 8 --k 8       | 2 | '8:4:1' ends before it starts
                    bench gemm --m 1:99999:1 --n 8 --k 8   | 2 | '1:99999:1' is more than 10000 sizes
                    bench gemm --shapes 8x8                | 2 | '8x8' is not a shape: use MxKxN, as in 256x768x2304
                    bench gemm --shapes 100000x100000x100000 | 2 | bytes to be proven and measured, and cpu has
                    bench gemm --batch 1000000 --shapes 999999999x999999999x9 | 2 | is larger than any memory
                    bench gemm --kernel nosuch             | 2 | no kernel here has 'nosuch' in its name
                    bench gemm --kernel prepacked --form tn | 2 | gemm/cpu_prepacked: packs one weight ahead
                    bench attention --head-dim 12          | 2 | head dim 12 is not a multiple of 8
                    bench attention --heads 6 --kv-heads 4 | 2 | key heads divide query heads
                    bench --op conv                        | 2 | 'conv' is none of add, adam_w
                    bench --threads 0                      | 2 | '0' is not a size
                    bench --threads 100000                 | 2 | --threads 100000: this machine has
                    bench --memory lots                    | 2 | 'lots' is not an amount of memory: use 2GiB, 1500MB or 60%
                    bench --memory 0%                      | 2 | '0%' is not an amount of memory
                    bench --memory 900TiB                  | 2 | --memory 900.0 TiB: this machine has
                    bench --max-noise 2                    | 2 | '2' is not a share: use 2% or 0.02
                    bench --rounds 0                       | 2 | rounds must be positive
                    bench --warmup-seconds never           | 2 | 'never' is not a double
                    bench --cache warm                     | 2 | was 'warm'
                    bench --device tpu                     | 2 | --device tpu: there is cpu, cpu:N, cuda:N and cuda:all
                    bench --device cuda:0                  | 3 | cuda:0: no NVIDIA driver: libcuda.so.1 is not
                    verify --device cuda:all               | 3 | cuda:all: no NVIDIA driver: libcuda.so.1 is not
                    verify --op conv                       | 2 | 'conv' is none of
                    verify --kernel nosuch                 | 2 | no kernel here has 'nosuch' in its name
                    bench --json - --csv -                 | 2 | only one output can be -
                    bench --json DIR/no/such/x.json        | 2 | its folder does not exist
                    bench --csv DIR/folder.json            | 2 | it is a folder
                    bench --resume DIR/nowhere.json        | 2 | nowhere.json does not exist
                    bench --resume DIR/truncated.json      | 2 | truncated.json is truncated
                    bench --resume DIR/later.json          | 2 | ridgeline-result-2
                    bench --resume DIR/other.json          | 2 | names no schema
                    report DIR/truncated.json              | 2 | truncated.json is truncated
                    report                                 | 2 | Missing required parameter: 'FILE'
                    compare DIR/later.json DIR/other.json  | 2 | ridgeline-result-2
                    compare DIR/later.json                 | 2 | Missing required parameter: 'AFTER'
                    jmh -l                                 | 2 | jmh is started by the launcher
                    """)
    void is_refused_in_one_sentence(String command, int exit, String sentence) {
        var shell = Shell.run(command.replace("DIR", folder.toString()).split(" +"));
        assertThat(shell.err()).startsWith("ridgeline: ").contains(sentence);
        assertThat(shell.err().lines()).as("lines of %s", shell.err()).hasSize(1);
        assertThat(shell.exit()).isEqualTo(exit);
        assertThat(shell.out()).isEmpty();
    }

    @Test
    void debug_shows_where_it_came_from() {
        assertThat(Shell.run("bench", "--device", "cuda:0", "--debug").err())
                .contains("dev.ridgeline.cli.Fault", "\tat dev.ridgeline");
    }

    @Test
    void asking_for_help_is_no_error() {
        var shell = Shell.run("bench", "gemm", "--help");
        assertThat(shell.exit()).isZero();
        assertThat(shell.out()).contains("--shapes", "--threads", "--json");
    }
}
