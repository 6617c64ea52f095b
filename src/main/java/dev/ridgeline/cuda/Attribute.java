package dev.ridgeline.cuda;

/// Device attributes, by their numbers in cuda.h's `CUdevice_attribute`.
final class Attribute {
    static final int CLOCK_KILOHERTZ = 13;
    static final int MULTIPROCESSORS = 16;
    static final int ECC = 32;
    static final int MEMORY_CLOCK_KILOHERTZ = 36;
    static final int MEMORY_BUS_BITS = 37;
    static final int L2_CACHE_SIZE = 38;
    static final int CAPABILITY_MAJOR = 75;
    static final int CAPABILITY_MINOR = 76;
    static final int SHARED_BYTES_PER_MULTIPROCESSOR = 81;
    static final int SHARED_BYTES_PER_BLOCK = 97;
    static final int MEMORY_POOLS = 115;
    static final int CLUSTERS = 120;

    private Attribute() {}
}
