// c (m, n) = a · b in the forms NT, NN and TN, operands of 16 bits, f32 accumulation, with an epilogue; a batch.
//
// Idea: tensor cores. A block's tiles lie in swizzled shared memory; ldmatrix hands each lane its fragments and
//   mma.sync multiplies 16 x 16 by 16 x 8 in one instruction, where portable_tiled needs 64 a lane.
// Replaces: portable_tiled, for operands of 16 bits.
// Needs: bf16 or f16 operands: tensor cores would round f32 ones to tf32.
// Launch: grid (ceil(m / 128), ceil(n / 128), batch), block 256, no dynamic shared memory (24576 bytes static).
// Limits: none on m, n, k or strides; operands that are not `aligned` (a, b: start on 16 bytes, leading dimension,
//   batch stride and contiguous extent multiples of 8) are gathered element by element.
// Numerics: one f32 accumulator an element, depth in ascending order; the same bits every run.
#include "common/gemm_operand.cuh"
#include "common/gemm_output.cuh"

namespace {

using gemm::Form;
using tile::bf16;

constexpr int kTile = 128;
constexpr int kDepth = 32;
constexpr int kWarpRows = 64;
constexpr int kWarpColumns = 32;
constexpr int kThreads = 256;

template <Form form, typename Factor>
__device__ __forceinline__ void product(const bf16* a, long long lda, const bf16* b, long long ldb,
                                        const gemm::OutputFor<Factor>& output, int k, bool aligned) {
  using A = gemm::Operand<of_a(form), kTile, kDepth, kThreads>;
  using B = gemm::Operand<of_b(form), kTile, kDepth, kThreads>;
  constexpr int kScratch = 16 * gemm::kRowPitch<kWarpColumns>;
  static_assert(kThreads / 32 * kScratch * sizeof(float) <= 24576 && 2 * kTile * kDepth * sizeof(bf16) <= 24576);
  __shared__ uint4 shared[24576 / sizeof(uint4)];
  bf16* const tile_a = reinterpret_cast<bf16*>(shared);
  bf16* const tile_b = tile_a + A::kElements;
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int row = warp / 4 * kWarpRows;
  const int column = warp % 4 * kWarpColumns;
  A from_a(a, lda, blockIdx.x * kTile, output.m, k);
  B from_b(b, ldb, blockIdx.y * kTile, output.n, k);
  float acc[kWarpRows / 16][kWarpColumns / 8][4] = {};
  for (int depth = 0; depth < k; depth += kDepth) {
    from_a.copy(tile_a, aligned);
    from_b.copy(tile_b, aligned);
    __syncthreads();
#pragma unroll
    for (int step = 0; step < kDepth / 16; step++) {
      uint32_t left[kWarpRows / 16][4];
      uint32_t right[kWarpColumns / 16][4];
      gemm::load_left<of_a(form), A>(left, tile_a, row, step, lane);
      gemm::load_right<of_b(form), B>(right, tile_b, column, step, lane);
#pragma unroll
      for (int i = 0; i < kWarpRows / 16; i++) {
#pragma unroll
        for (int j = 0; j < kWarpColumns / 16; j++) {
          tile::mma_pair<Factor>(acc[i][j * 2], acc[i][j * 2 + 1], left[i], right[j]);
        }
      }
    }
    __syncthreads();
  }
  float* const scratch = reinterpret_cast<float*>(shared) + warp * kScratch;
  gemm::store_accumulators(output, acc, scratch, blockIdx.x * kTile + row, blockIdx.y * kTile + column, lane);
}

}  // namespace

#define RIDGELINE_ENTRY(name, form, Factor)                                                                            \
  extern "C" __global__ void __launch_bounds__(kThreads) gemm_portable_mma_##name(                                     \
      const bf16* a, long long lda, long long stride_a, const bf16* b, long long ldb, long long stride_b, void* c,     \
      long long ldc, long long stride_c, const void* bias, void* preactivation, long long ldp, long long stride_p,     \
      int m, int n, int k, int flags, int aligned) {                                                                   \
    const gemm::OutputFor<Factor> output(c, ldc, stride_c, bias, preactivation, ldp, stride_p, m, n, flags);           \
    product<form, Factor>(a + blockIdx.z * stride_a, lda, b + blockIdx.z * stride_b, ldb, output, k, aligned);         \
  }

RIDGELINE_ENTRY(nt_bf16, Form::NT, tile::bf16)
RIDGELINE_ENTRY(nn_bf16, Form::NN, tile::bf16)
RIDGELINE_ENTRY(tn_bf16, Form::TN, tile::bf16)
RIDGELINE_ENTRY(nt_f16, Form::NT, tile::f16)
RIDGELINE_ENTRY(nn_f16, Form::NN, tile::f16)
RIDGELINE_ENTRY(tn_f16, Form::TN, tile::f16)
