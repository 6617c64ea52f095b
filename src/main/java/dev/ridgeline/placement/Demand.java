package dev.ridgeline.placement;

import java.util.Arrays;
import java.util.Comparator;

/// Bytes that a device holds of a model, activations not among them.
///
/// In training, mixed precision with Adam (arXiv 1910.02054, section 3.1): for each parameter 2
/// bytes of weight, 2 of gradient, and 12 of optimizer: an f32 weight and two moments.
///
/// @param gathered where weights are sharded: those of the largest group, once in use and once
///   arriving, and in training its gradients
public record Demand(long weights, long gradients, long optimizer, long gathered) {
    public static final int WEIGHT = 2;
    public static final int GRADIENT = 2;
    public static final int OPTIMIZER = 12;

    public long total() {
        return weights + gradients + optimizer + gathered;
    }

    public static Demand training(Placement placement, int rank) {
        int zero = placement.layout().zero();
        long used = placement.used(rank);
        long owned = placement.owned(rank);
        return new Demand(
                WEIGHT * placement.kept(rank),
                GRADIENT * (zero >= 2 ? owned : used),
                OPTIMIZER * (zero >= 1 ? owned : used),
                placement.layout().shardsWeights() ? ring(placement, rank) : 0);
    }

    /// Weights alone, as the checkpoint stores them.
    public static Demand inference(Placement placement, int rank) {
        int bytes = placement.config().stored().bytes();
        boolean sharded = placement.layout().shardsWeights();
        return new Demand(
                bytes * placement.kept(rank),
                0,
                0,
                sharded ? 2L * bytes * placement.largestGroup(rank) : 0);
    }

    /// What a training step cannot do without where weights come and go: the largest group in use,
    /// the next arriving, and the gradients of one.
    static long ring(Placement placement, int rank) {
        return (2L * WEIGHT + GRADIENT) * placement.largestGroup(rank);
    }

    /// The rank that needs most.
    public static int largest(Placement placement, boolean training) {
        return Arrays.stream(placement.distinct())
                .boxed()
                .max(Comparator.comparingLong(r -> of(placement, r, training).total()))
                .orElseThrow();
    }

    static Demand of(Placement placement, int rank, boolean training) {
        return training ? training(placement, rank) : inference(placement, rank);
    }
}
