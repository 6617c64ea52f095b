// What all attention kernels share: operands by head, sums over a warp, and the dot product of two rows.
#pragma once
#include <cuda_bf16.h>
#include <cuda_runtime.h>

namespace attention {

constexpr float kLog2E = 1.4426950408889634f;

// A (B, heads, rows, D) tensor, its strides in elements.
template <typename T>
struct Heads {
  T* data;
  long long batch, head, row;

  __device__ __forceinline__ T* at(int b, int h) const { return data + b * batch + h * head; }
};

__device__ __forceinline__ float warp_sum(float v) {
#pragma unroll
  for (int apart = 16; apart > 0; apart /= 2) v += __shfl_xor_sync(0xffffffffu, v, apart);
  return v;
}

__device__ __forceinline__ float warp_max(float v) {
#pragma unroll
  for (int apart = 16; apart > 0; apart /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, apart));
  return v;
}

// Of `columns` elements, by one thread.
template <typename A, typename B>
__device__ __forceinline__ float dot(const A* a, const B* b, int columns) {
  float sum = 0.0f;
  for (int d = 0; d < columns; d++) sum = fmaf(static_cast<float>(a[d]), static_cast<float>(b[d]), sum);
  return sum;
}

// The same by a warp; every lane has the sum.
template <typename T>
__device__ __forceinline__ float warp_dot(const T* a, const T* b, int columns, int lane) {
  float sum = 0.0f;
  for (int d = lane; d < columns; d += 32) sum = fmaf(static_cast<float>(a[d]), static_cast<float>(b[d]), sum);
  return warp_sum(sum);
}

}  // namespace attention
