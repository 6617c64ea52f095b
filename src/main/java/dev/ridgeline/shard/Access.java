package dev.ridgeline.shard;

/// How the bytes of a file are read.
public enum Access {
    /// By the system's page cache, copied from it.
    BUFFERED("page cache"),
    /// By the page cache, which is seen as memory.
    MAPPED("mmap"),
    /// Past the page cache, in whole blocks of the file system.
    DIRECT("O_DIRECT");

    private final String label;

    Access(String label) {
        this.label = label;
    }

    /// For people.
    public String label() {
        return label;
    }
}
