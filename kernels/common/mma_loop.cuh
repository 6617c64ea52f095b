// Sums that tensor cores add to as fast as they can: eight tiles of 16 x 8 in the registers of each warp, so that an
// instruction waits for none of the seven before it.
#pragma once
#include <cstdint>

namespace mma_loop {

constexpr int kTiles = 8;

template <class Unit>
__device__ __forceinline__ void rounds(float (&d)[kTiles][4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                       int count) {
#pragma unroll 4
  for (int round = 0; round < count; round++) {
#pragma unroll
    for (int t = 0; t < kTiles; t++) Unit::round(d[t], a, b);
  }
}

// After every Unit::kTurn rounds, where it is not 0, the products change their sign.
template <class Unit>
__device__ __forceinline__ void run(float* sums, long long n, int iterations, float three, float five) {
  const long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long from = thread * kTiles * 4;
  const uint32_t x = Unit::factor(three);
  const uint32_t y = Unit::factor(five);
  uint32_t a[4] = {x, x, x, x};
  const uint32_t b[2] = {y, y};
  float d[kTiles][4];
#pragma unroll
  for (int i = 0; i < kTiles * 4; i++) d[i / 4][i % 4] = static_cast<float>((from + i) % 64);
  if constexpr (Unit::kTurn == 0) {
    rounds<Unit>(d, a, b, iterations);
  } else {
    for (int left = iterations; left > 0; left -= Unit::kTurn) {
      rounds<Unit>(d, a, b, min(left, Unit::kTurn));
#pragma unroll
      for (int i = 0; i < 4; i++) a[i] = Unit::negated(a[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < kTiles * 4; i++)
    if (from + i < n) sums[from + i] = d[i / 4][i % 4];
}

}  // namespace mma_loop
