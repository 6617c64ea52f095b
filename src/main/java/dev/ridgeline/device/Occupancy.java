package dev.ridgeline.device;

/// How a kernel's launch fills a multiprocessor of a GPU.
///
/// @param entry what was launched: `gemm_portable_pipelined_nt_128x256_bf16`
/// @param registers of a thread
/// @param localBytes of a thread: spilled registers, and arrays that registers cannot hold
/// @param sharedBytes of a block, static and dynamic
/// @param threads of a block
/// @param blocks that run on one multiprocessor at once
/// @param share of the threads that a multiprocessor can hold
public record Occupancy(
        String entry,
        int registers,
        int localBytes,
        int sharedBytes,
        int threads,
        int blocks,
        double share) {}
