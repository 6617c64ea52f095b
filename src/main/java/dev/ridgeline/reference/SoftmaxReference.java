package dev.ridgeline.reference;

import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;

import java.util.List;

final class SoftmaxReference {
    private SoftmaxReference() {}

    static List<double[]> softmax(Softmax op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> softmaxBackward(SoftmaxBackward op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> crossEntropy(CrossEntropy op) {
        throw new UnsupportedOperationException(op.name());
    }
}
