package dev.ridgeline.cli;

import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.ElementwiseWorkloads;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandleProxies;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/// `bench` on the stand-in, which the program itself refuses: three rows of one round, and the
/// driver fails when the second is about to be measured. Runs in a process of its own.
@Command(name = "bench")
final class StandinBench implements Callable<Integer> {
    /// `void standin_fail(const char *)`.
    public interface Fail {
        void inject(MemorySegment specification);
    }

    /// A kernel that asks the driver to fail when it is bound to be timed; it was bound once
    /// before, to be proven.
    private record Failing<O extends Op>(Kernel<O> kernel, Runnable failure, int[] bound)
            implements Kernel<O> {
        @Override
        public KernelId id() {
            return kernel.id();
        }

        @Override
        public Optional<String> refusal(O op) {
            return kernel.refusal(op);
        }

        @Override
        public Launch bind(O op) {
            if (++bound[0] == 2) failure.run();
            return kernel.bind(op);
        }
    }

    /// Small, so that the ceilings of memory are soon measured.
    private static final long MEMORY = 8 << 20;

    private static final List<Class<? extends Op>> ARITHMETIC =
            List.of(FmaLoop.class, MmaLoop.class);

    @Spec private CommandSpec spec;
    @Mixin private OutputOptions outputs;

    @Parameters private String failure;

    public static void main(String[] args) {
        System.exit(new CommandLine(new StandinBench()).execute(args));
    }

    @Override
    public Integer call() {
        try (var device = CudaDevice.open(0, _ -> MEMORY)) {
            var site = new Site(withoutArithmetic(device), 1);
            var rows =
                    List.<CampaignCase<?>>of(
                            preferred(StreamWorkloads.copy(1000, 1), site),
                            failing(ElementwiseWorkloads.biasGradient(64, 100, DType.F32, 1), site),
                            preferred(StreamWorkloads.scale(1000, 1), site));
            var protocol = new Protocol(0, 0.5, 0.05, 1, false, 1);
            return new BenchRun(
                            spec.commandLine(),
                            HostRecord.read(),
                            protocol,
                            rows,
                            true,
                            outputs,
                            Optional.empty(),
                            false)
                    .call();
        }
    }

    /// The device without the kernels of ceilings that take a GPU a moment and the stand-in
    /// minutes.
    private static Device withoutArithmetic(Device device) {
        return (Device)
                Proxy.newProxyInstance(
                        Device.class.getClassLoader(),
                        new Class<?>[] {Device.class},
                        (_, method, args) -> {
                            if (method.getName().equals("kernels") && ARITHMETIC.contains(args[0]))
                                return List.of();
                            try {
                                return method.invoke(device, args);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    private static <O extends Op> Kernel<O> first(Workload<O> workload, Device device) {
        return device.kernels(workload.type()).getFirst();
    }

    private static <O extends Op> CampaignCase<O> preferred(Workload<O> workload, Site site) {
        return new CampaignCase<>(workload, first(workload, site.device()), site);
    }

    private <O extends Op> CampaignCase<O> failing(Workload<O> workload, Site site) {
        var kernel = new Failing<>(first(workload, site.device()), this::fail, new int[1]);
        return new CampaignCase<>(workload, kernel, site);
    }

    @SuppressWarnings("restricted") // the stand-in's own call
    private void fail() {
        try (var arena = Arena.ofConfined()) {
            MethodHandleProxies.asInterfaceInstance(
                            Fail.class,
                            Linker.nativeLinker()
                                    .downcallHandle(
                                            SymbolLookup.libraryLookup("libcuda.so.1", arena)
                                                    .find("standin_fail")
                                                    .orElseThrow(),
                                            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS)))
                    .inject(arena.allocateFrom(failure));
        }
    }
}
