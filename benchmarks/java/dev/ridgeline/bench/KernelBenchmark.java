package dev.ridgeline.bench;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Op;

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

/// What the benchmarks of all ops share: they verify before they time, and count work as the op
/// counts it. Subclasses add the parameters.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"
        })
public abstract class KernelBenchmark {
    /// As for `ridgeline --device`.
    @Param("cpu")
    public String device;

    /// Of the CPU.
    @Param("1")
    public int threads;

    @Param("f32")
    public String dtype;

    private Device opened;
    private Subject subject;

    /// As [Problems#of] names it.
    protected abstract String op();

    protected abstract String shape();

    protected abstract String kernel();

    /// The kernels that `kernel()` is one of.
    protected <O extends Op> List<Kernel<O>> kernels(Device device, Class<O> op) {
        return device.kernels(op);
    }

    @Setup(Level.Trial)
    public void prepare() {
        opened = Devices.open(device, threads);
        subject = prepare(Problems.of(op(), shape(), dtype));
    }

    private <O extends Op> Subject prepare(Workload<O> workload) {
        return Subject.of(kernel(), kernels(opened, workload.type()), workload, opened);
    }

    @TearDown(Level.Trial)
    public void close() {
        subject.close();
        opened.close();
    }

    protected final void run(Rates rates) {
        long from = System.nanoTime();
        double deviceSeconds = subject.run();
        rates.add(subject.cost(), (System.nanoTime() - from) * 1e-9, deviceSeconds);
    }
}
