// c (m, n) = a · b in the forms NT, NN and TN, operands of f32, bf16, f16, e4m3, or e5m2 by
// e4m3, f32 accumulation, with an epilogue; a batch of them.
//
// Idea: one thread, one element, three lines. The kernel that is obviously right, and the bottom of the ladder.
// Replaces: nothing.
// Needs: nothing.
// Launch: grid (ceil(m / 8), ceil(n / 32), batch), block 256, no dynamic shared memory.
// Limits: element (i, p) of a is at i * a_row + p * a_depth, element (p, j) of b at p * b_depth + j * b_column, which
//   covers every form and leading dimension. ceil(n / 32) is at most 65535.
// Numerics: one f32 accumulator an element, depth in ascending order; the same bits every run.
#include "common/fp8.cuh"
#include "common/gemm_output.cuh"

namespace {

template <typename T, typename U>
__device__ __forceinline__ void element(const T* a, long long a_row, long long a_depth, const U* b, long long b_depth,
                                        long long b_column, const gemm::OutputFor<T>& output, int k) {
  const int row = blockIdx.x * 8 + threadIdx.x / 32;
  const int column = blockIdx.y * 32 + threadIdx.x % 32;
  if (row >= output.m || column >= output.n) return;
  a += row * a_row;
  b += column * b_column;
  float v[1] = {0.0f};
  for (int p = 0; p < k; p++) v[0] += static_cast<float>(a[p * a_depth]) * static_cast<float>(b[p * b_depth]);
  output.template store<1>(row, column, v);
}

}  // namespace

#define RIDGELINE_ENTRY(name, T, U)                                                                                    \
  extern "C" __global__ void __launch_bounds__(256) gemm_portable_plain_##name(                                        \
      const T* a, long long a_row, long long a_depth, long long stride_a, const U* b, long long b_depth,               \
      long long b_column, long long stride_b, void* c, long long ldc, long long stride_c, const void* bias,            \
      void* preactivation, long long ldp, long long stride_p, int m, int n, int k, int flags) {                        \
    const gemm::OutputFor<T> output(c, ldc, stride_c, bias, preactivation, ldp, stride_p, m, n, flags);                \
    element(a + blockIdx.z * stride_a, a_row, a_depth, b + blockIdx.z * stride_b, b_depth, b_column, output, k);       \
  }

RIDGELINE_ENTRY(f32, float, float)
RIDGELINE_ENTRY(bf16, __nv_bfloat16, __nv_bfloat16)
RIDGELINE_ENTRY(f16, __half, __half)
RIDGELINE_ENTRY(e4m3, fp8::e4m3, fp8::e4m3)
RIDGELINE_ENTRY(e5m2, fp8::e5m2, fp8::e4m3)
