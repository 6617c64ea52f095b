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

/// All kernels of a problem in one process, taking turns: an invocation is one round. The rates and
/// ratios of a round are secondary results where JMH runs with the profiler [Laps], as [Versus]
/// does. The primary score, the length of a round, says nothing.
///
/// For one thread: the pools of two libraries in one process slow each other down. For several
/// threads give one kernel, and rotate whole processes, as [Versus] does.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 15)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"
        })
public class InterleavedBenchmark {
    /// As [dev.ridgeline.bench.Problems] names it.
    @Param("gemm_nt")
    public String op;

    @Param("512x512x512")
    public String shape;

    /// Joined by `+`; ratios are of the first to each other one.
    @Param("preferred+openblas_sgemm+onednn_sgemm+pytorch_matmul")
    public String kernels;

    @Param("1")
    public int threads;

    private Race race;

    @Setup(Level.Trial)
    public void prepare() {
        race = new Race(op, shape, List.of(kernels.split("\\+")), threads);
    }

    @TearDown(Level.Trial)
    public void close() {
        race.close();
    }

    @Benchmark
    public void round() throws InterruptedException {
        Laps.record(race.round());
    }
}
