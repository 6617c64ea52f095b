package dev.ridgeline.measure;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.Occupancy;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Tolerance;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/// Runs a kernel on a workload and compares what it wrote, element by element.
///
/// A workload the scalar reference can afford is compared whole. Of a larger one a sampled part is
/// compared with the reference, and everything with the device's simplest kernel of the same op,
/// which is proven on the small workloads.
public final class Verifier {
    private static final String REFERENCE = "the f64 reference";

    private Verifier() {}

    /// @throws dev.ridgeline.device.OutOfDeviceMemory if the operands do not fit
    public static <O extends Op> Verdict<O> check(
            Kernel<O> kernel, Workload<O> workload, Device device) {
        var refusal = kernel.refusal(workload.planned());
        if (refusal.isPresent()) return new Refused<>(kernel, refusal.get());

        var occupancy = new ArrayList<Occupancy>();
        try (var subject = run(kernel, workload, device, occupancy)) {
            var comparison = new Comparison<>(kernel, subject.op());
            Optional<? extends Op> sample = subject.op().sample(workload.seed());
            try (var host = workload.onHost()) {
                Op part = sample.isPresent() ? host.op().sample(workload.seed()).get() : host.op();
                comparison.with(
                        REFERENCE,
                        sample.<Op>map(s -> s).orElse(subject.op()).writes(),
                        Reference.expected(part),
                        output -> kernel.tolerance(subject.op(), output));
            }
            if (sample.isPresent()) compareWithSimplest(comparison, workload, device);
            return comparison.wrong().isPresent()
                    ? comparison.wrong().get()
                    : new Verified<>(
                            kernel,
                            workload,
                            device,
                            new Evidence(
                                    comparison.how(sample.isPresent()),
                                    comparison.elements,
                                    comparison.worst,
                                    List.copyOf(occupancy)));
        }
    }

    private static <O extends Op> void compareWithSimplest(
            Comparison<O> comparison, Workload<O> workload, Device device) {
        var kernels = device.kernels(workload.type());
        var simplest =
                kernels.reversed().stream()
                        .filter(k -> !k.id().equals(comparison.kernel.id()) && !k.peer())
                        .filter(k -> k.refusal(workload.planned()).isEmpty())
                        .findFirst();
        if (simplest.isEmpty()) return;
        try (var other = run(simplest.get(), workload, device, new ArrayList<>())) {
            comparison.with(
                    simplest.get().id().toString(),
                    comparison.op.writes(),
                    other.op().writes().stream().map(Operands::read).toList(),
                    output -> comparison.kernel.tolerance(comparison.op, output).between());
        }
    }

    /// @param occupancy receives that of the launch
    private static <O extends Op> Workload.Instance<O> run(
            Kernel<O> kernel, Workload<O> workload, Device device, List<Occupancy> occupancy) {
        var instance = workload.on(device);
        try (var launch = kernel.bind(instance.op())) {
            launch.on(device.stream());
            device.stream().synchronize();
            occupancy.addAll(launch.occupancy());
            return instance;
        } catch (RuntimeException | Error e) {
            instance.close();
            throw e;
        }
    }

    /// What was compared so far, and the first wrong element.
    private static final class Comparison<O extends Op> {
        final Kernel<O> kernel;
        final O op;
        private final List<String> against = new ArrayList<>();
        private Optional<Wrong<O>> wrong = Optional.empty();
        long elements;
        double worst;

        Comparison(Kernel<O> kernel, O op) {
            this.kernel = kernel;
            this.op = op;
        }

        Optional<Wrong<O>> wrong() {
            return wrong;
        }

        String how(boolean sampled) {
            if (!sampled) return "every element against " + REFERENCE;
            return "a sample against "
                    + REFERENCE
                    + (against.size() > 1
                            ? ", every element against " + against.getLast()
                            : ", no other kernel to compare the rest with");
        }

        void with(
                String name,
                List<Tensor> written,
                List<double[]> expected,
                IntFunction<Tolerance> tolerance) {
            against.add(name);
            for (int t = 0; t < written.size() && wrong.isEmpty(); t++)
                compare(
                        name,
                        t,
                        Operands.read(written.get(t)),
                        expected.get(t),
                        tolerance.apply(t));
        }

        private void compare(
                String name, int output, double[] got, double[] want, Tolerance tolerance) {
            long first = -1;
            long count = 0;
            for (int i = 0; i < got.length; i++) {
                if (tolerance.admits(got[i], want[i])) {
                    double margin = tolerance.absolute() + tolerance.relative() * Math.abs(want[i]);
                    if (got[i] != want[i] && margin > 0)
                        worst = Math.max(worst, Math.abs(got[i] - want[i]) / margin);
                } else {
                    if (first < 0) first = i;
                    count++;
                }
            }
            elements += got.length;
            if (count > 0)
                wrong =
                        Optional.of(
                                new Wrong<>(
                                        kernel,
                                        output,
                                        first,
                                        want[(int) first],
                                        got[(int) first],
                                        count,
                                        got.length,
                                        name));
        }
    }
}
