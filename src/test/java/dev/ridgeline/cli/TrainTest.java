package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.ridgeline.train.Checkpoints;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

class TrainTest {
    /// How often a run is killed here; the property `kills` asks for more.
    private static final int KILLS = Integer.getInteger("kills", 8);

    /// Steps of the run for each time that it is killed.
    private static final int STEPS = 40;

    @TempDir Path folder;
    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = folder.resolve("text");
        Files.writeString(text, "all work and no play makes jack a dull boy\n".repeat(300));
    }

    private String[] train(Path checkpoint, String... more) {
        var all =
                new ArrayList<>(
                        List.of(
                                "train",
                                "--text",
                                text.toString(),
                                "--model",
                                "llama-tiny",
                                "--batch",
                                "2",
                                "--seq",
                                "32",
                                "--threads",
                                "1",
                                "--checkpoint",
                                checkpoint.toString()));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void a_run_its_checkpoint_and_its_going_on() throws IOException {
        var at = folder.resolve("run");
        var first = Shell.run(train(at, "--steps", "20", "--sample", "40"));
        assertThat(first.exit()).as(first.err()).isZero();
        assertThat(first.out())
                .contains("llama-tiny: LlamaForCausalLM of ")
                .contains("activations, layer 0 to 1")
                .contains("of a byte-trigram model")
                .contains("It writes:")
                .contains("done after 20 steps");
        assertThat(at.resolve("step-00000020/config.json")).isRegularFile();

        var again = Shell.run(train(at, "--steps", "20"));
        assertThat(again.exit()).isEqualTo(Exit.USAGE);
        assertThat(again.err()).contains("has the checkpoints of a run: go on with --resume");

        var more = Shell.run("train", "--resume", at.toString(), "--steps", "30", "--threads", "1");
        assertThat(more.exit()).as(more.err()).isZero();
        assertThat(more.out()).contains("done after 30 steps");

        Files.writeString(text, "another text altogether\n".repeat(300));
        var other = Shell.run("train", "--resume", at.toString(), "--steps", "40");
        assertThat(other.err()).contains("is not the text that the run began with");
    }

    /// In half of the memory, and with the sample from the weights that are beyond it.
    @Test
    void a_streamed_run_ends_with_the_same_bits() throws IOException {
        var options = List.of("--steps", "12", "--sample", "40");
        var whole = folder.resolve("whole");
        var alone = Shell.run(train(whole, options.toArray(String[]::new)));
        assertThat(alone.exit()).as(alone.err()).isZero();
        var streamed = folder.resolve("streamed");
        var more = new ArrayList<>(options);
        more.addAll(List.of("--memory", "1MiB", "--stream"));
        var capped = Shell.run(train(streamed, more.toArray(String[]::new)));
        assertThat(capped.exit()).as(capped.err()).isZero();
        assertThat(capped.out()).contains("% streamed", "on the device", "copied to the device");
        assertThat(written(capped.out())).isEqualTo(written(alone.out()));
        requireSameBits(streamed, whole);
    }

    /// The text of the sample.
    private static String written(String out) {
        return out.replaceFirst("(?s).*It writes:", "").replaceFirst("(?s)done after.*", "");
    }

    private static void requireSameBits(Path one, Path other) throws IOException {
        var a = Checkpoints.newest(one);
        var b = Checkpoints.newest(other);
        assertThat(Checkpoints.state(a).losses()).isEqualTo(Checkpoints.state(b).losses());
        for (var file : List.of("model.safetensors", "optimizer.safetensors"))
            assertThat(Files.readAllBytes(a.resolve(file)))
                    .isEqualTo(Files.readAllBytes(b.resolve(file)));
    }

    @Test
    void what_makes_no_sense_is_one_sentence() {
        var at = folder.resolve("none");
        var path = text.toString();
        assertThat(Shell.run("train", "--text", path, "--seq", "4000").err())
                .contains("too few for sequences of 4000");
        assertThat(Shell.run("train", "--model", "gpt5").err()).contains("no model 'gpt5'");
        assertThat(Shell.run("train", "--resume", folder.toString()).err())
                .contains("has no checkpoint of a run");
        var small =
                Shell.run(
                        "train",
                        "--text",
                        path,
                        "--memory",
                        "40MiB",
                        "--checkpoint",
                        at.toString());
        assertThat(small.exit()).isEqualTo(Exit.ENVIRONMENT);
        assertThat(small.err()).contains("are missing").contains("it fits with");
        var large =
                Shell.run("bench", "step", "--model", "llama-405b", "--dry-run", "--batch", "1");
        assertThat(large.exit()).isEqualTo(Exit.ENVIRONMENT);
        assertThat(large.out()).contains("weights").contains("total");
        assertThat(large.err())
                .contains("no flag makes it fit", "weights, gradients and moments are");
    }

    /// Killed at random moments and resumed each time, a run ends with the same bits as one that
    /// was left alone.
    @Test
    void kill_9_loses_nothing() throws Exception {
        var steps = String.valueOf(STEPS * KILLS);
        var options = List.of("--steps", steps, "--save-every", "3", "--sample", "0");
        var whole = folder.resolve("whole");
        var alone = Shell.run(train(whole, options.toArray(String[]::new)));
        assertThat(alone.exit()).as(alone.err()).isZero();

        var killed = folder.resolve("killed");
        var random = new Random(9);
        for (int kill = 0; kill < KILLS; kill++) {
            var process = ChildJvm.ridgeline(List.of(), arguments(killed, options));
            // most are killed after they got somewhere, some while they start
            if (random.nextInt(8) > 0) {
                long before = newest(killed);
                while (process.isAlive() && newest(killed) <= before) Thread.sleep(5);
            }
            process.waitFor(random.nextInt(400), TimeUnit.MILLISECONDS);
            process.destroyForcibly().waitFor();
        }
        var last = ChildJvm.ridgeline(List.of(), arguments(killed, options));
        var output = new String(last.getInputStream().readAllBytes());
        assertThat(last.waitFor()).as(output).isZero();
        assertThat(newest(killed)).isEqualTo(newest(whole)).isEqualTo((long) STEPS * KILLS);
        requireSameBits(killed, whole);
    }

    private String[] arguments(Path at, List<String> options) {
        if (newest(at) < 0) return train(at, options.toArray(String[]::new));
        var all = new ArrayList<>(List.of("train", "--resume", at.toString(), "--threads", "1"));
        all.addAll(options);
        return all.toArray(String[]::new);
    }

    private static long newest(Path folder) {
        if (!Files.isDirectory(folder)) return -1;
        try (var all = Files.list(folder)) {
            return all.map(p -> p.getFileName().toString())
                    .filter(name -> name.matches("step-\\d+"))
                    .mapToLong(name -> Long.parseLong(name.substring(5)))
                    .max()
                    .orElse(-1);
        } catch (IOException e) {
            return -1;
        }
    }

    @Test
    void ctrl_c_saves() throws Exception {
        assumeFalse(
                InterruptTest.interruptIgnored(), "this process was started with SIGINT ignored");
        var at = folder.resolve("run");
        var process =
                ChildJvm.ridgeline(
                        List.of(), train(at, "--steps", "1000000", "--save-every", "10"));
        try {
            while (process.isAlive() && newest(at) < 0) Thread.sleep(20);
            new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
            var output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).as(output).isEqualTo(130);
            assertThat(output).containsPattern("interrupted after \\d+ steps");
            var steps = output.replaceAll("(?s).*interrupted after (\\d+) steps.*", "$1");
            assertThat(newest(at)).isEqualTo(Long.parseLong(steps));
        } finally {
            process.destroyForcibly();
        }
    }
}
