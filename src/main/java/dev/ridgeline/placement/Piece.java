package dev.ridgeline.placement;

/// What a rank has of one tensor, and where it keeps it.
///
/// @param tensor its name in the checkpoint
/// @param runs in elements of the tensor
/// @param at first element of the rank's own memory
public record Piece(String tensor, Runs runs, long at) {}
