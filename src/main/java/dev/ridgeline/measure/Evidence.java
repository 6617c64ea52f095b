package dev.ridgeline.measure;

import dev.ridgeline.device.Occupancy;

import java.util.List;

/// Why a kernel is believed to be right.
///
/// @param how for people: `every element against the f64 reference`
/// @param elements compared
/// @param worst largest error seen, as a share of what the tolerance admits there
/// @param occupancy of the launches that were proven
public record Evidence(String how, long elements, double worst, List<Occupancy> occupancy) {}
