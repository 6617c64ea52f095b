package dev.ridgeline.model;

/// Element type in which a public checkpoint keeps its weights.
public enum Stored {
    F32(4),
    F16(2),
    BF16(2);

    private final int bytes;

    Stored(int bytes) {
        this.bytes = bytes;
    }

    /// Size of one element, in bytes.
    public int bytes() {
        return bytes;
    }
}
