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
#include "common/ptx/mma.cuh"

namespace {

constexpr int kTiles = 8;

struct Bf16 {
  __device__ static __forceinline__ uint32_t factor(float x) {
    return 0x10001u * __bfloat16_as_ushort(__float2bfloat16_rn(x));
  }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k16_bf16(d, a, b);
  }
};

struct F16 {
  __device__ static __forceinline__ uint32_t factor(float x) {
    return 0x10001u * __half_as_ushort(__float2half_rn(x));
  }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k16_f16(d, a, b);
  }
};

struct Tf32 {
  __device__ static __forceinline__ uint32_t factor(float x) { return ptx::to_tf32(x); }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k8_tf32(d, a, b);
  }
};

template <class Unit>
__device__ __forceinline__ void mma_loop(float* sums, long long n, int iterations, float three, float five) {
  const long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long from = thread * kTiles * 4;
  const uint32_t x = Unit::factor(three);
  const uint32_t y = Unit::factor(five);
  const uint32_t a[4] = {x, x, x, x};
  const uint32_t b[2] = {y, y};
  float d[kTiles][4];
#pragma unroll
  for (int i = 0; i < kTiles * 4; i++) d[i / 4][i % 4] = static_cast<float>((from + i) % 64);
#pragma unroll 4
  for (int round = 0; round < iterations; round++) {
#pragma unroll
    for (int t = 0; t < kTiles; t++) Unit::round(d[t], a, b);
  }
#pragma unroll
  for (int i = 0; i < kTiles * 4; i++)
    if (from + i < n) sums[from + i] = d[i / 4][i % 4];
}

}  // namespace

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_portable_registers_bf16(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop<Bf16>(sums, n, static_cast<int>(iterations), a, b);
}

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_portable_registers_f16(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop<F16>(sums, n, static_cast<int>(iterations), a, b);
}

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_portable_registers_tf32(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop<Tf32>(sums, n, static_cast<int>(iterations), a, b);
}
