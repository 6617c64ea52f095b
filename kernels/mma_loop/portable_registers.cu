// Element i of n starts from x = i mod 64 and runs `iterations` rounds of x += the dot product of as many a as b as one
// tensor core instruction takes, a = 3, b = 5; f32 sums, bf16, f16 or tf32 factors.
//
// Idea:     eight tiles of 16 x 8 sums in the registers of each warp: an instruction waits for none of the seven before
//           it. All factors are the same, so that it does not matter which element of a tile a register holds.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   grid ceil(n / 4096); 128 threads.
// Limits:   mma.sync: the newer tensor core instructions of sm_90 and sm_100 are faster.
// Numerics: exact while x stays below 2^24.
#include <cuda_fp16.h>

#include "common/bf16.cuh"
#include "common/mma_loop.cuh"
#include "common/ptx/mma.cuh"

namespace {

struct Bf16 {
  static constexpr int kTurn = 0;
  __device__ static __forceinline__ uint32_t factor(float x) {
    return 0x10001u * __bfloat16_as_ushort(__float2bfloat16_rn(x));
  }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k16_bf16(d, a, b);
  }
};

struct F16 {
  static constexpr int kTurn = 0;
  __device__ static __forceinline__ uint32_t factor(float x) {
    return 0x10001u * __half_as_ushort(__float2half_rn(x));
  }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k16_f16(d, a, b);
  }
};

struct Tf32 {
  static constexpr int kTurn = 0;
  __device__ static __forceinline__ uint32_t factor(float x) { return ptx::to_tf32(x); }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k8_tf32(d, a, b);
  }
};

}  // namespace

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_portable_registers_bf16(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop::run<Bf16>(sums, n, static_cast<int>(iterations), a, b);
}

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_portable_registers_f16(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop::run<F16>(sums, n, static_cast<int>(iterations), a, b);
}

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_portable_registers_tf32(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop::run<Tf32>(sums, n, static_cast<int>(iterations), a, b);
}
