package dev.ridgeline.reference;

import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;

import java.util.List;

final class AttentionReference {
    private AttentionReference() {}

    static List<double[]> forward(Attention op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> backward(AttentionBackward op) {
        throw new UnsupportedOperationException(op.name());
    }
}
