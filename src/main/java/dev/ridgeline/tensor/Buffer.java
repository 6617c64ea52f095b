package dev.ridgeline.tensor;

import java.lang.foreign.MemorySegment;

/// A run of bytes that some device owns. The only thing a tensor knows about where it lives.
public interface Buffer extends AutoCloseable {
    long bytes();

    /// Copies `bytes()` bytes in from host memory; blocks.
    void upload(MemorySegment host);

    /// Copies `bytes()` bytes out to host memory; blocks.
    void download(MemorySegment host);

    /// Frees the memory. Idempotent.
    @Override
    void close();
}
