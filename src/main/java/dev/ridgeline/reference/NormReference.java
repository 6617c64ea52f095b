package dev.ridgeline.reference;

import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;

import java.util.List;

final class NormReference {
    private NormReference() {}

    static List<double[]> rmsNorm(RmsNorm op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> rmsNormBackward(RmsNormBackward op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> layerNorm(LayerNorm op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> layerNormBackward(LayerNormBackward op) {
        throw new UnsupportedOperationException(op.name());
    }
}
