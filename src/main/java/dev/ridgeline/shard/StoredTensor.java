package dev.ridgeline.shard;

import java.util.List;
import java.util.stream.Collectors;

/// Where one tensor lies in a safetensors file.
///
/// @param shape may be empty, for one element, or have an extent of zero
/// @param offset of its first byte in the file
public record StoredTensor(
        String name, StoredType type, List<Long> shape, long offset, long bytes) {
    public long count() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /// `(2, 3)`.
    public String shapeText() {
        return shape.stream().map(String::valueOf).collect(Collectors.joining(", ", "(", ")"));
    }
}
