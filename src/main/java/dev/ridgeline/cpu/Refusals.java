package dev.ridgeline.cpu;

import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Reasons that several kernels share.
final class Refusals {
    private Refusals() {}

    static Optional<String> gaps(List<Tensor> operands) {
        for (var t : operands)
            if (!t.contiguous())
                return Optional.of("an operand " + t.shape() + " has gaps between its rows");
        return Optional.empty();
    }
}
