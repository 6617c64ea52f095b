package dev.ridgeline.cuda;

import com.fasterxml.jackson.annotation.JsonInclude;

import dev.ridgeline.hardware.Catalog;
import dev.ridgeline.hardware.ComputeCapability;
import dev.ridgeline.hardware.Sku;

import java.util.Optional;

/// A GPU as the driver describes it.
///
/// @param name as in `--device`
/// @param computeCapability `9.0`
/// @param memory bytes
/// @param l2 bytes
/// @param hertz highest clock of the multiprocessors; empty where the driver does not tell
/// @param ecc whether memory is checked
/// @param sku id of the part in Ridgeline's catalog, if its name and memory fit exactly one
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record GpuRecord(
        String name,
        String description,
        String computeCapability,
        int multiprocessors,
        long memory,
        long l2,
        Optional<Double> hertz,
        Optional<Integer> memoryBusBits,
        boolean ecc,
        String pci,
        String uuid,
        Optional<String> sku) {
    static GpuRecord of(int ordinal) {
        var description = DriverQueries.description(ordinal);
        long memory = DriverQueries.memory(ordinal);
        return new GpuRecord(
                DriverQueries.name(ordinal),
                description,
                capability(ordinal).toString(),
                DriverQueries.attribute(ordinal, DriverQueries.MULTIPROCESSORS),
                memory,
                DriverQueries.attribute(ordinal, DriverQueries.L2_BYTES),
                known(ordinal, DriverQueries.CLOCK_KILOHERTZ).map(kilohertz -> kilohertz * 1e3),
                known(ordinal, DriverQueries.MEMORY_BUS_BITS),
                DriverQueries.attribute(ordinal, DriverQueries.ECC) != 0,
                DriverQueries.pci(ordinal),
                DriverQueries.uuid(ordinal),
                Catalog.load().find(description, memory).map(Sku::id));
    }

    static ComputeCapability capability(int ordinal) {
        return new ComputeCapability(
                DriverQueries.attribute(ordinal, DriverQueries.CAPABILITY_MAJOR),
                DriverQueries.attribute(ordinal, DriverQueries.CAPABILITY_MINOR));
    }

    /// An attribute that drivers leave at zero where they do not know it.
    private static Optional<Integer> known(int ordinal, int attribute) {
        int value = DriverQueries.attribute(ordinal, attribute);
        return value > 0 ? Optional.of(value) : Optional.empty();
    }
}
