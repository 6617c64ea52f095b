package dev.ridgeline.placement;

import dev.ridgeline.model.InvalidModel;

/// What of a device's training state waits in host memory because it does not fit, and what
/// therefore crosses the host's link in a step.
///
/// The optimizer's state goes first, because a step touches it once; then gradients; then weights,
/// which a step needs twice, on the way forward and on the way back.
///
/// @param optimizer bytes kept on the host, and so on
/// @param in bytes that cross to the device in a step
/// @param out bytes that cross back
public record Streaming(long optimizer, long gradients, long weights, long in, long out) {
    public static final Streaming NONE = new Streaming(0, 0, 0, 0, 0);

    /// @param usable bytes of the device
    /// @throws InvalidModel if not even one group of layers fits, with what would
    public static Streaming of(Placement placement, int rank, long usable) {
        var demand = Demand.training(placement, rank);
        long excess = demand.total() - usable;
        if (excess <= 0) return NONE;
        long optimizer = Math.min(excess, demand.optimizer());
        excess -= optimizer;
        long gradients = Math.min(excess, demand.gradients());
        excess -= gradients;
        long weights = 0;
        if (excess > 0) {
            // what comes and goes needs a place to be used in
            if (demand.gathered() == 0) excess += Demand.ring(placement, rank);
            weights = excess;
            if (weights > demand.weights())
                throw new InvalidModel(
                        "a device needs at least %,d bytes to compute with its largest group of"
                                + " layers, and %,d may be used; split it further with --tp",
                        Demand.ring(placement, rank), usable);
        }
        return new Streaming(
                optimizer,
                gradients,
                weights,
                optimizer + gradients + 2 * weights,
                optimizer + gradients + weights);
    }

    public long total() {
        return optimizer + gradients + weights;
    }
}
