package dev.ridgeline.placement;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.InvalidModel;

/// How devices share a model: groups of `tensor` ranks split every layer, `stages` of whole layers
/// follow each other, and what is left are copies that see different data and, by ZeRO, keep a part
/// each of what they would all have.
///
/// Rank r is rank `r % tensor` of its tensor group, copy `r / tensor % data()`, and of stage `r /
/// tensor / data()`, so that those who exchange most are neighbours.
///
/// @param devices in all
/// @param zero 1: the optimizer's state is sharded; 2: gradients too; 3: weights too (arXiv
///   1910.02054); 0: nothing is
public record Layout(int devices, int tensor, int stages, int zero) {
    public Layout {
        if (devices < 1 || tensor < 1 || stages < 1)
            throw new InvalidModel(
                    "%d devices, %d ranks and %d stages: each is at least 1",
                    devices, tensor, stages);
        if (zero < 0 || zero > 3) throw new InvalidModel("ZeRO has stages 0 to 3, not %d", zero);
        if (devices % Math.multiplyExact(tensor, stages) != 0)
            throw new InvalidModel(
                    "%d devices are no whole number of models of %d ranks by %d stages",
                    devices, tensor, stages);
    }

    /// Copies of the model.
    public int data() {
        return devices / tensor / stages;
    }

    public int tensorRank(int rank) {
        return rank % tensor;
    }

    public int copy(int rank) {
        return rank / tensor % data();
    }

    public int stage(int rank) {
        return rank / tensor / data();
    }

    public boolean shardsWeights() {
        return zero == 3 && data() > 1;
    }

    Layout withDevices(int count) {
        return new Layout(count, tensor, stages, zero);
    }

    /// @throws InvalidModel if the model cannot be shared like this
    void requireFit(Config config) {
        TensorSplit.refusal(config, tensor)
                .ifPresent(
                        reason -> {
                            throw new InvalidModel("%s", reason);
                        });
        if (stages > config.layers())
            throw new InvalidModel(
                    "%d layers cannot be split into %d stages", config.layers(), stages);
    }
}
