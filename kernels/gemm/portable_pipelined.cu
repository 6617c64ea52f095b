// c (m, n) = a · b in the forms NT, NN and TN, operands of 16 bits, f32 accumulation, with an epilogue; a batch.
//
// Idea: copies run ahead of the tensor cores. cp.async fills a ring of stages in swizzled shared memory while the warps
//   multiply an earlier one; within a stage the fragments of the next 16 of depth are read while those of this one are
//   multiplied. Warp tiles of 64 x 64 read each byte of shared memory for 64 multiply-adds of every lane's share, which
//   is what keeps shared memory below the tensor cores' pace. Blocks walk the output in strips of tile rows, so that
//   the blocks that run together share what they read through the L2 cache.
// Replaces: portable_mma, which waits for every tile it multiplies.
// Needs: bf16 or f16 operands: tensor cores would round f32 ones to tf32.
// Launch: grid (tiles of m * tiles of n, 1, batch), block 32 threads a warp, shared bytes as below.
//   entry           tile        warps  stages  shared bytes
//   128x256         128 x 256   8      4       98304
//   128x128         128 x 128   4      4       65536
//   64x64           64 x 64     4      4       32768
//   unaligned       64 x 64     4      4       32768
// Limits: the first three need operands that start on 16 bytes, and whose leading dimension, batch stride and contiguous
//   extent are multiples of 8; any others go to `unaligned`, which gathers element by element through registers.
//   m, n and k are free otherwise. The largest tile fits the 99 KiB a block may have from compute capability 8.6 on.
// Numerics: one f32 accumulator an element, depth in ascending order; the same bits every run.
#include "common/gemm_pipeline.cuh"
#include "common/gemm_raster.cuh"

namespace {

using gemm::Form;
using tile::bf16;

template <Form form, int M, int N, int WarpsM, int WarpsN, bool Aligned, typename Factor>
__device__ __forceinline__ void product(const bf16* a, long long lda, const bf16* b, long long ldb,
                                        const gemm::OutputFor<Factor>& output, int k) {
  const int2 at = gemm::rasterise(blockIdx.x, (output.m + M - 1) / M, (output.n + N - 1) / N);
  gemm::pipelined<form, M, N, 32, WarpsM, WarpsN, 4, Aligned, Factor>(at, a, lda, b, ldb, output, k);
}

}  // namespace

#define RIDGELINE_ENTRY(name, form, M, N, WARPS_M, WARPS_N, ALIGNED, Factor)                                           \
  extern "C" __global__ void __launch_bounds__(WARPS_M* WARPS_N * 32) gemm_portable_pipelined_##name(                  \
      const bf16* a, long long lda, long long stride_a, const bf16* b, long long ldb, long long stride_b, void* c,     \
      long long ldc, long long stride_c, const void* bias, void* preactivation, long long ldp, long long stride_p,     \
      int m, int n, int k, int flags) {                                                                                \
    const gemm::OutputFor<Factor> output(c, ldc, stride_c, bias, preactivation, ldp, stride_p, m, n, flags);           \
    product<form, M, N, WARPS_M, WARPS_N, ALIGNED, Factor>(a + blockIdx.z * stride_a, lda, b + blockIdx.z * stride_b,  \
                                                           ldb, output, k);                                            \
  }
#define RIDGELINE_TILES(name, form, Factor)                                             \
  RIDGELINE_ENTRY(name##_128x256_##Factor, form, 128, 256, 2, 4, true, tile::Factor)    \
  RIDGELINE_ENTRY(name##_128x128_##Factor, form, 128, 128, 2, 2, true, tile::Factor)    \
  RIDGELINE_ENTRY(name##_64x64_##Factor, form, 64, 64, 2, 2, true, tile::Factor)        \
  RIDGELINE_ENTRY(name##_unaligned_##Factor, form, 64, 64, 2, 2, false, tile::Factor)

RIDGELINE_TILES(nt, Form::NT, bf16)
RIDGELINE_TILES(nn, Form::NN, bf16)
RIDGELINE_TILES(tn, Form::TN, bf16)
RIDGELINE_TILES(nt, Form::NT, f16)
RIDGELINE_TILES(nn, Form::NN, f16)
RIDGELINE_TILES(tn, Form::TN, f16)
