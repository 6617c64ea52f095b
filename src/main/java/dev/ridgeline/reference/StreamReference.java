package dev.ridgeline.reference;

import dev.ridgeline.op.Copy;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Triad;

import java.util.List;

final class StreamReference {
    private StreamReference() {}

    static List<double[]> copy(Copy op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> scale(Scale op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> triad(Triad op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> fmaLoop(FmaLoop op) {
        throw new UnsupportedOperationException(op.name());
    }
}
