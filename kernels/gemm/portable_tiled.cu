// c (m, n) = a · b in the forms NT, NN and TN, f32, bf16 or f16, f32 accumulation, with an epilogue; a batch of them.
//
// Idea: reuse. A block brings 128 x 8 of a and 8 x 128 of b into shared memory, as f32 and depth-major, and every
//   thread multiplies 8 values of each from registers into 64 sums: 64 multiply-adds for 16 floats read from shared
//   memory, and each element of a and b read from global memory once a block. The next tiles are on their way from
//   global memory while these are multiplied, and two pairs of tiles take turns, so one barrier a step is enough.
// Replaces: portable_plain, which reads two elements for every multiply-add.
// Needs: nothing.
// Launch: grid (ceil(m / 128), ceil(n / 128), batch), block 256, no dynamic shared memory (16896 bytes static).
// Limits: ceil(n / 128) is at most 65535.
// Numerics: one f32 accumulator an element, depth in ascending order, fused multiply-adds; the same bits every run.
//   Nothing is rounded to tf32, which the tolerance of an f32 product excludes.
#include "common/gemm_tiled.cuh"

using gemm::Form;

#define RIDGELINE_ENTRY(name, form, T)                                                                                 \
  extern "C" __global__ void __launch_bounds__(gemm::tiled::kThreads, 2) gemm_portable_tiled_##name(                   \
      const T* a, long long lda, long long stride_a, const T* b, long long ldb, long long stride_b, void* c,           \
      long long ldc, long long stride_c, const void* bias, void* preactivation, long long ldp, long long stride_p,     \
      int m, int n, int k, int flags) {                                                                                \
    const gemm::OutputFor<T> output(c, ldc, stride_c, bias, preactivation, ldp, stride_p, m, n, flags);                \
    const int2 at = {static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y)};                                      \
    gemm::tiled::product<T, form>(at, a + blockIdx.z * stride_a, lda, b + blockIdx.z * stride_b, ldb, output, k);      \
  }

RIDGELINE_ENTRY(nt_f32, Form::NT, float)
RIDGELINE_ENTRY(nn_f32, Form::NN, float)
RIDGELINE_ENTRY(tn_f32, Form::TN, float)
RIDGELINE_ENTRY(nt_bf16, Form::NT, __nv_bfloat16)
RIDGELINE_ENTRY(nn_bf16, Form::NN, __nv_bfloat16)
RIDGELINE_ENTRY(tn_bf16, Form::TN, __nv_bfloat16)
RIDGELINE_ENTRY(nt_f16, Form::NT, __half)
RIDGELINE_ENTRY(nn_f16, Form::NN, __half)
RIDGELINE_ENTRY(tn_f16, Form::TN, __half)
