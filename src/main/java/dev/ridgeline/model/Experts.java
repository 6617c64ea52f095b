package dev.ridgeline.model;

/// A mixture of experts in place of one feed-forward (arXiv 2101.03961, 2401.04088).
///
/// @param count experts in a layer
/// @param active experts that a token goes to
/// @param stacked whether the file has one tensor for all experts of a layer, as Granite's, or
///   three for each, as Mixtral's
/// @param balance weight of the load-balance loss
public record Experts(int count, int active, boolean stacked, double balance) {
    public Experts {
        if (count < 1 || active < 1 || active > count)
            throw new InvalidModel("%d of %d experts cannot be active", active, count);
    }
}
