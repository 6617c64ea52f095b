#include "common/ptx/mma_fp8.cuh"
#include "standin/test/dot.cuh"

DOT(dot_e4m3, mma_m16n8k32_e4m3)
DOT(dot_e5m2, mma_m16n8k32_e5m2)
