// c_e = a_e · b_e for each expert e, on the rows [offsets[e], offsets[e + 1]) that came to it, f32 or bf16 operands, f32
// accumulation. NT: a (r, k), b (E, n, k), c (r, n). NN: b (E, k, n). TN: a (r, m), b (r, n), c (E, m, n).
//
// Idea: one thread, one element. The kernel that is obviously right, and the bottom of the ladder.
// Replaces: nothing.
// Needs: operands without gaps.
// Launch: NT, NN: grid (ceil(r / 8), ceil(n / 32)); TN: grid (ceil(m / 8), ceil(n / 32), E); block 256, no dynamic shared
//   memory.
// Limits: ceil(n / 32) and, in TN, E are at most 65535. A thread walks the offsets up to its row.
// Numerics: one f32 accumulator an element, depth in ascending order; the same bits every run.
#include "common/experts.cuh"

namespace {

using gemm::Form;

// One element of c at (row, column), `k` deep, elements `a_depth` and `b_depth` apart.
template <class T>
__device__ __forceinline__ void element(const T* a, long long a_depth, const T* b, long long b_depth,
                                        const gemm::Output& output, int row, int column, int k) {
  float v[1] = {0.0f};
  for (int p = 0; p < k; p++) v[0] += static_cast<float>(a[p * a_depth]) * static_cast<float>(b[p * b_depth]);
  output.store<1>(row, column, v);
}

template <Form form, class T>
__device__ __forceinline__ void grouped(const experts::Operands<T>& of, int rows) {
  const int row = blockIdx.x * 8 + threadIdx.x / 32;
  const int column = blockIdx.y * 32 + threadIdx.x % 32;
  if (row >= rows || column >= of.n) return;
  int expert = blockIdx.z;
  if (form != Form::TN) {
    while (of.offsets[expert + 1] <= row) expert++;
  }
  const long long first = of.offsets[expert];
  const long long before = static_cast<long long>(expert) * of.n * of.k;
  if constexpr (form == Form::TN) {
    const gemm::Output output(of.c, of.n, static_cast<long long>(of.m) * of.n, nullptr, nullptr, 0, 0, of.m, of.n,
                              of.flags);
    element(of.a + first * of.m + row, of.m, of.b + first * of.n + column, of.n, output, row, column,
            of.offsets[expert + 1] - static_cast<int>(first));
  } else {
    const gemm::Output output(of.c, of.n, 0, nullptr, nullptr, 0, 0, rows, of.n, of.flags);
    const T* b = of.b + before + (form == Form::NT ? static_cast<long long>(column) * of.k : column);
    element(of.a + static_cast<long long>(row) * of.k, 1, b, form == Form::NT ? 1 : of.n, output, row, column, of.k);
  }
}

}  // namespace

#define RIDGELINE_ENTRY(name, form, T)                                                                                 \
  extern "C" __global__ void __launch_bounds__(256) grouped_gemm_portable_plain_##name(                                \
      const T* a, const T* b, const int* offsets, void* c, int experts, int rows, int m, int n, int k, int flags) {    \
    grouped<form, T>({a, b, offsets, c, experts, m, n, k, flags}, form == Form::TN ? m : rows);                        \
  }

RIDGELINE_ENTRY(nt_f32, Form::NT, float)
RIDGELINE_ENTRY(nn_f32, Form::NN, float)
RIDGELINE_ENTRY(tn_f32, Form::TN, float)
RIDGELINE_ENTRY(nt_bf16, Form::NT, __nv_bfloat16)
RIDGELINE_ENTRY(nn_bf16, Form::NN, __nv_bfloat16)
RIDGELINE_ENTRY(tn_bf16, Form::TN, __nv_bfloat16)
