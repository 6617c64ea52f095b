#include "common/ptx/mma.cuh"
#include "standin/test/dot.cuh"

DOT(dot_bf16, mma_m16n8k16_bf16)
DOT(dot_f16, mma_m16n8k16_f16)
DOT(dot_tf32, mma_m16n8k8_tf32)
