package dev.ridgeline.device;

import dev.ridgeline.op.Op;
import dev.ridgeline.op.Tolerance;

import java.util.Optional;

/// One implementation of one op on one device.
public interface Kernel<O extends Op> {
    KernelId id();

    /// Whether it is another library's, which is measured beside ours and never chosen by itself.
    default boolean peer() {
        return false;
    }

    /// Why this kernel will not run `op`, for a person to read; empty if it will. Pure and cheap.
    Optional<String> refusal(O op);

    /// How far one of the op's outputs may be off: what the op says, unless the kernel's name tells
    /// that it computes with less.
    default Tolerance tolerance(O op, int output) {
        return op.tolerance(output);
    }

    /// Prepares `op` for any number of launches: resolves what a launch would look up and allocates
    /// what it would allocate. The operands' contents may change between launches, unless the
    /// kernel's documentation says that it reads one at binding (prepacked weights).
    ///
    /// @throws IllegalArgumentException if `refusal(op)` is present
    Launch bind(O op);

    /// Bytes of the device's memory that a binding of `op` holds besides its operands, whose
    /// tensors may have no memory.
    default long scratch(O op) {
        return 0;
    }

    /// Throws the refusal, if there is one; for the first line of [#bind].
    default void requireAccepted(O op) {
        refusal(op)
                .ifPresent(
                        reason -> {
                            throw new IllegalArgumentException(id() + ": " + reason);
                        });
    }
}
