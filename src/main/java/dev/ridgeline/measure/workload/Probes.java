package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Workload;

import java.util.List;
import java.util.stream.Stream;

/// The small problems on which every kernel must agree with the reference, element by element: 1, a
/// tile's edge, one past it, primes, rows that no vector width divides, strided operands, and both
/// dtypes.
public final class Probes {
    private Probes() {}

    public static List<Workload<?>> all() {
        return Stream.of(
                        GemmWorkloads.probes(),
                        AttentionWorkloads.probes(),
                        NormWorkloads.probes(),
                        SoftmaxWorkloads.probes(),
                        ElementwiseWorkloads.probes(),
                        PositionWorkloads.probes(),
                        MixtureWorkloads.probes(),
                        OptimizerWorkloads.probes(),
                        StreamWorkloads.probes())
                .<Workload<?>>flatMap(List::stream)
                .toList();
    }
}
