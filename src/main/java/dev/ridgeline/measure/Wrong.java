package dev.ridgeline.measure;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.op.Op;

/// A kernel that missed its tolerance.
///
/// @param output number of the written tensor
/// @param index of the first wrong element, row-major
/// @param wrong how many elements of that tensor were wrong, of `checked`
/// @param against what gave `expected`
public record Wrong<O extends Op>(
        Kernel<O> kernel,
        int output,
        long index,
        double expected,
        double actual,
        long wrong,
        long checked,
        String against)
        implements Verdict<O> {
    /// One sentence with the element, its value and the reference.
    public String message() {
        return "%s is wrong: output %d, element %d is %.9g, %s says %.9g (%d of %d elements are off)"
                .formatted(kernel.id(), output, index, actual, against, expected, wrong, checked);
    }
}
