package dev.ridgeline.shard;

import java.util.Arrays;
import java.util.Optional;

/// Every element type of the safetensors format (`Dtype` of `safetensors/src/tensor.rs`, 0.8), by
/// its name in a header.
public enum StoredType {
    BOOL(8),
    F4(4),
    F6_E2M3(6),
    F6_E3M2(6),
    U8(8),
    I8(8),
    F8_E5M2(8),
    F8_E4M3(8),
    F8_E8M0(8),
    F8_E4M3FNUZ(8),
    F8_E5M2FNUZ(8),
    I16(16),
    U16(16),
    F16(16),
    BF16(16),
    I32(32),
    U32(32),
    F32(32),
    C64(64),
    F64(64),
    I64(64),
    U64(64);

    private final int bits;

    StoredType(int bits) {
        this.bits = bits;
    }

    /// Size of one element, in bits: some pack several to a byte.
    public int bits() {
        return bits;
    }

    static Optional<StoredType> named(String name) {
        return Arrays.stream(values()).filter(t -> t.name().equals(name)).findFirst();
    }
}
