package dev.ridgeline.hardware;

import java.util.Locale;

/// What the catalog may say of a part besides its peaks.
public enum Quantity {
    /// Streaming multiprocessors that are enabled.
    SMS("SM"),
    /// Dense bf16 or f16 products with f32 accumulation: `SMS * TENSOR_RATE * TENSOR_CLOCK` is the
    /// peak.
    TENSOR_RATE("flop/clock/SM"),
    /// The clock the vendor's tensor peak is computed with, not the highest the device allows.
    TENSOR_CLOCK("Hz"),
    /// Nominal capacity of the parts that shipped.
    MEMORY("byte"),
    /// Nominal capacity at the announcement, where the shipped parts have less.
    ANNOUNCED_MEMORY("byte"),
    /// What a driver reports.
    VISIBLE_MEMORY("byte"),
    MEMORY_BANDWIDTH("byte/s"),
    L2("byte"),
    /// Of one GPU, both directions together.
    NVLINK("byte/s"),
    NVLINK_GENERATION("generation"),
    /// Between host memory and the device, one direction.
    HOST_LINK("byte/s"),
    POWER("W");

    private final String unit;

    Quantity(String unit) {
        this.unit = unit;
    }

    public String unit() {
        return unit;
    }

    /// The name used in data files: `memory_bandwidth`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
