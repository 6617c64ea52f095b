package dev.ridgeline.bench.peers;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.List;
import java.util.concurrent.TimeUnit;

/// A whole training step by this project and by PyTorch, taking turns: an invocation is one round.
/// As in [InterleavedBenchmark], rates and ratios are secondary results with the profiler [Laps],
/// and several threads want a process for each.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3)
@Measurement(iterations = 7)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"
        })
public class StepBenchmark {
    /// A preset, sequences and tokens of each.
    @Param("gpt2-124m:4x64")
    public String shape;

    /// Joined by `+`; ratios are of the first to each other one.
    @Param("ridgeline+pytorch")
    public String kernels;

    @Param("1")
    public int threads;

    private StepRace race;

    @Setup(Level.Trial)
    public void prepare() {
        race = new StepRace(shape, List.of(kernels.split("\\+")), threads);
    }

    @TearDown(Level.Trial)
    public void close() {
        race.close();
    }

    @Benchmark
    public void round() {
        Laps.record(race.round());
    }
}
