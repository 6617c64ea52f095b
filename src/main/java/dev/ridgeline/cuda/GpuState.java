package dev.ridgeline.cuda;

import com.fasterxml.jackson.annotation.JsonInclude;

import java.util.List;
import java.util.Optional;

/// A GPU at one moment, as NVML tells it. What the part does not support is empty, never zero.
///
/// @param hertz clock of the multiprocessors
/// @param memoryHertz clock of the memory
/// @param watts drawn by the board
/// @param wattLimit that the driver holds it to
/// @param joules drawn since the driver was loaded
/// @param slowed why its clock is lower than it could be; empty where nothing slows it
/// @param uncorrected memory errors since the driver was loaded that ECC could not correct
/// @param pcie generation and lanes of the link in use: `5 x16`
/// @param nvlinks that are up
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record GpuState(
        Optional<Double> hertz,
        Optional<Double> memoryHertz,
        Optional<Double> watts,
        Optional<Double> wattLimit,
        Optional<Double> joules,
        Optional<Integer> celsius,
        List<String> slowed,
        Optional<Long> corrected,
        Optional<Long> uncorrected,
        Optional<String> pcie,
        Optional<Integer> nvlinks) {}
