package dev.ridgeline.reference;

import dev.ridgeline.op.AdamW;

import java.util.List;

final class OptimizerReference {
    private OptimizerReference() {}

    static List<double[]> adamW(AdamW op) {
        throw new UnsupportedOperationException(op.name());
    }
}
