// c (m, n) = a · b in the forms NT, NN and TN, bf16 operands, f32 accumulation, with an epilogue; a batch of them.
//
// Idea: copies run ahead of the tensor cores. cp.async fills a ring of stages in swizzled shared memory while the warps
//   multiply an earlier one; within a stage the fragments of the next 16 of depth are read while those of this one are
//   multiplied. Warp tiles of 64 x 64 read each byte of shared memory for 64 multiply-adds of every lane's share, which
//   is what keeps shared memory below the tensor cores' pace. Blocks walk the output in strips of tile rows, so that
//   the blocks that run together share what they read through the L2 cache.
// Replaces: portable_mma, which waits for every tile it multiplies.
// Needs: bf16 operands.
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
#include "common/gemm_operand.cuh"
#include "common/gemm_output.cuh"

namespace {

using gemm::Form;
using tile::bf16;

// Tile rows in a strip: of a wave of 132 blocks it makes a nearly square part of the output for tiles of 128 rows.
constexpr int kStrip = 16;

// The tile that block `block` computes, strip after strip, down the rows of a strip first.
__device__ __forceinline__ int2 rasterise(int block, int rows, int columns) {
  const int strip = block / (kStrip * columns);
  const int first = strip * kStrip;
  const int height = min(kStrip, rows - first);
  const int within = block - first * columns;
  return {first + within % height, within / height};
}

template <Form form, int M, int N, int Depth, int WarpsM, int WarpsN, int Stages, bool Aligned>
struct Pipeline {
  static constexpr int kThreads = WarpsM * WarpsN * 32;
  static constexpr int kSteps = Depth / 16;
  static constexpr int kLeft = M / WarpsM / 16;
  static constexpr int kRight = N / WarpsN / 16;
  using A = gemm::Operand<of_a(form), M, Depth, kThreads>;
  using B = gemm::Operand<of_b(form), N, Depth, kThreads>;
  static constexpr int kStage = A::kElements + B::kElements;
  static_assert(kThreads / 32 * 16 * gemm::kRowPitch<N / WarpsN> * sizeof(float) <= Stages * kStage * sizeof(bf16),
                "the output passes through the ring");

  bf16* ring;
  A a;
  B b;
  int write = 0;
  float acc[kLeft][kRight * 2][4] = {};
  uint32_t left[2][kLeft][4];
  uint32_t right[2][kRight][4];

  __device__ __forceinline__ Pipeline(bf16* ring, const A& a, const B& b) : ring(ring), a(a), b(b) {}

  // Starts filling the next stage of the ring; past the end it only counts the stage.
  __device__ __forceinline__ void fill(bool more) {
    if (more) {
      bf16* const stage = ring + write * kStage;
      if constexpr (Aligned) {
        a.copy_async(stage);
        b.copy_async(stage + A::kElements);
      } else {
        a.copy(stage, false);
        b.copy(stage + A::kElements, false);
      }
    }
    ptx::cp_async_commit();
    write = write + 1 < Stages ? write + 1 : 0;
  }

  __device__ __forceinline__ void load(int buffer, const bf16* stage, int step, int row, int column, int lane) {
    gemm::load_left<of_a(form), A>(left[buffer], stage, row, step, lane);
    gemm::load_right<of_b(form), B>(right[buffer], stage + A::kElements, column, step, lane);
  }

  // Back and forth over the left fragments: the last one used is the next one used.
  __device__ __forceinline__ void multiply(int buffer) {
#pragma unroll
    for (int j = 0; j < kRight; j++) {
#pragma unroll
      for (int s = 0; s < kLeft; s++) {
        const int i = j % 2 ? kLeft - 1 - s : s;
        tile::mma_pair(acc[i][j * 2], acc[i][j * 2 + 1], left[buffer][i], right[buffer][j]);
      }
    }
  }

  // The product of this warp's rows from `row` and columns from `column` of the block's tile.
  __device__ __forceinline__ void run(int tiles, int row, int column, int lane) {
#pragma unroll
    for (int s = 0; s < Stages - 1; s++) fill(s < tiles);
    ptx::cp_async_wait<Stages - 2>();
    __syncthreads();
    load(0, ring, 0, row, column, lane);
    int read = 0;
    for (int t = 0; t < tiles; t++) {
#pragma unroll
      for (int step = 0; step < kSteps; step++) {
        if (step == kSteps - 1) {
          // All have read the stage at hand into registers, and the next is there.
          ptx::cp_async_wait<Stages - 2>();
          __syncthreads();
          read = read + 1 < Stages ? read + 1 : 0;
        }
        load((step + 1) % 2, ring + read * kStage, (step + 1) % kSteps, row, column, lane);
        if (step == 0) fill(t + Stages - 1 < tiles);
        multiply(step % 2);
      }
    }
    ptx::cp_async_wait<0>();
    __syncthreads();
  }
};

template <Form form, int M, int N, int Depth, int WarpsM, int WarpsN, int Stages, bool Aligned>
__device__ __forceinline__ void product(const bf16* a, long long lda, const bf16* b, long long ldb,
                                        const gemm::Output& output, int k) {
  extern __shared__ uint4 shared[];
  using P = Pipeline<form, M, N, Depth, WarpsM, WarpsN, Stages, Aligned>;
  const int2 at = rasterise(blockIdx.x, (output.m + M - 1) / M, (output.n + N - 1) / N);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int row = warp / WarpsN * (M / WarpsM);
  const int column = warp % WarpsN * (N / WarpsN);
  P pipeline(reinterpret_cast<bf16*>(shared), typename P::A(a, lda, at.x * M, output.m, k),
             typename P::B(b, ldb, at.y * N, output.n, k));
  pipeline.run((k + Depth - 1) / Depth, row, column, lane);
  float* const scratch = reinterpret_cast<float*>(shared) + warp * 16 * gemm::kRowPitch<N / WarpsN>;
  gemm::store_accumulators(output, pipeline.acc, scratch, at.x * M + row, at.y * N + column, lane);
}

}  // namespace

#define RIDGELINE_ENTRY(name, form, M, N, WARPS_M, WARPS_N, ALIGNED)                                                   \
  extern "C" __global__ void __launch_bounds__(WARPS_M* WARPS_N * 32)                                                  \
      gemm_portable_pipelined_##name##_bf16(                                                                           \
          const __nv_bfloat16* a, long long lda, long long stride_a, const __nv_bfloat16* b, long long ldb,            \
          long long stride_b, void* c, long long ldc, long long stride_c, const void* bias, void* preactivation,       \
          long long ldp, long long stride_p, int m, int n, int k, int flags) {                                         \
    const gemm::Output output(c, ldc, stride_c, bias, preactivation, ldp, stride_p, m, n, flags);                      \
    product<form, M, N, 32, WARPS_M, WARPS_N, 4, ALIGNED>(a + blockIdx.z * stride_a, lda, b + blockIdx.z * stride_b,   \
                                                          ldb, output, k);                                             \
  }

RIDGELINE_ENTRY(nt_128x256, Form::NT, 128, 256, 2, 4, true)
RIDGELINE_ENTRY(nn_128x256, Form::NN, 128, 256, 2, 4, true)
RIDGELINE_ENTRY(tn_128x256, Form::TN, 128, 256, 2, 4, true)
RIDGELINE_ENTRY(nt_128x128, Form::NT, 128, 128, 2, 2, true)
RIDGELINE_ENTRY(nn_128x128, Form::NN, 128, 128, 2, 2, true)
RIDGELINE_ENTRY(tn_128x128, Form::TN, 128, 128, 2, 2, true)
RIDGELINE_ENTRY(nt_64x64, Form::NT, 64, 64, 2, 2, true)
RIDGELINE_ENTRY(nn_64x64, Form::NN, 64, 64, 2, 2, true)
RIDGELINE_ENTRY(tn_64x64, Form::TN, 64, 64, 2, 2, true)
RIDGELINE_ENTRY(nt_unaligned, Form::NT, 64, 64, 2, 2, false)
RIDGELINE_ENTRY(nn_unaligned, Form::NN, 64, 64, 2, 2, false)
RIDGELINE_ENTRY(tn_unaligned, Form::TN, 64, 64, 2, 2, false)
