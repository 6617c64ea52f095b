package dev.ridgeline.measure;

/// Why a kernel is believed to be right.
///
/// @param how for people: `every element against the f64 reference`
/// @param elements compared
/// @param worst largest error seen, as a share of what the tolerance admits there
public record Evidence(String how, long elements, double worst) {}
