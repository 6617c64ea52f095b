package dev.ridgeline.reference;

import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Rope;

import java.util.List;

final class PositionReference {
    private PositionReference() {}

    static List<double[]> rope(Rope op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> embedding(Embedding op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> embeddingBackward(EmbeddingBackward op) {
        throw new UnsupportedOperationException(op.name());
    }
}
