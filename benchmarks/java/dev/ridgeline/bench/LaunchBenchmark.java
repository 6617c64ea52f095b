package dev.ridgeline.bench;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.Copy;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.Collections;
import java.util.concurrent.TimeUnit;

/// What the host pays for a launch, and what the device pays for one in a replayed step: a copy of
/// one cache line, which takes no time of its own.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED"
        })
public class LaunchBenchmark {
    /// As many as a stream takes in without making the host wait.
    private static final int LAUNCHES = 100;

    /// Launches of a step of a small decoder.
    private static final int STEP = 200;

    @Param("cpu")
    public String device;

    private Device opened;
    private Workload.Instance<Copy> instance;
    private Launch launch;
    private Launch step;

    @Setup(Level.Trial)
    public void prepare() {
        prepare(Devices.open(device, 1));
    }

    void prepare(Device on) {
        opened = on;
        instance = StreamWorkloads.copy(16, 1).on(opened);
        launch = opened.bind(instance.op());
        step = opened.sequence(Collections.nCopies(STEP, launch));
    }

    @Setup(Level.Invocation)
    public void drain() {
        opened.stream().synchronize();
    }

    /// The call alone: the device does its part meanwhile, and the queue has room.
    @Benchmark
    @OperationsPerInvocation(LAUNCHES)
    public void enqueue() {
        var stream = opened.stream();
        for (int i = 0; i < LAUNCHES; i++) launch.on(stream);
    }

    /// Launches one by one, until the last has ended.
    @Benchmark
    @OperationsPerInvocation(STEP)
    public void launches() {
        var stream = opened.stream();
        for (int i = 0; i < STEP; i++) launch.on(stream);
        stream.synchronize();
    }

    /// The same recorded once and replayed, until the last has ended.
    @Benchmark
    @OperationsPerInvocation(STEP)
    public void replay() {
        step.on(opened.stream());
        opened.stream().synchronize();
    }

    @TearDown(Level.Trial)
    public void close() {
        step.close();
        instance.close();
        opened.close();
    }
}
