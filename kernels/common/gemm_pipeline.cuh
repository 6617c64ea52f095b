// The tile of a bf16 or f16 product whose copies run ahead of the tensor cores: a ring of stages in swizzled shared
// memory, filled by cp.async while the warps multiply an earlier one; within a stage the fragments of the next 16 of
// depth are read while those of this one are multiplied. Pairs of 8 bits pass for elements, see gemm/sm89_pipelined.cu.
#pragma once
#include "common/gemm_operand.cuh"
#include "common/gemm_output.cuh"

namespace gemm {

template <Form form, int M, int N, int Depth, int WarpsM, int WarpsN, int Stages, bool Aligned, typename Factor>
struct Pipeline {
  static constexpr int kThreads = WarpsM * WarpsN * 32;
  static constexpr int kSteps = Depth / 16;
  static constexpr int kLeft = M / WarpsM / 16;
  static constexpr int kRight = N / WarpsN / 16;
  using A = Operand<of_a(form), M, Depth, kThreads>;
  using B = Operand<of_b(form), N, Depth, kThreads>;
  static constexpr int kStage = A::kElements + B::kElements;
  static_assert(kThreads / 32 * 16 * kRowPitch<N / WarpsN> * sizeof(float) <= Stages * kStage * sizeof(bf16),
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
    load_left<of_a(form), A>(left[buffer], stage, row, step, lane);
    load_right<of_b(form), B>(right[buffer], stage + A::kElements, column, step, lane);
  }

  // Back and forth over the left fragments: the last one used is the next one used.
  __device__ __forceinline__ void multiply(int buffer) {
#pragma unroll
    for (int j = 0; j < kRight; j++) {
#pragma unroll
      for (int s = 0; s < kLeft; s++) {
        const int i = j % 2 ? kLeft - 1 - s : s;
        tile::mma_pair<Factor>(acc[i][j * 2], acc[i][j * 2 + 1], left[buffer][i], right[buffer][j]);
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

// Tile (at.x, at.y) of the output. Dynamic shared memory: Stages * (M + N) * Depth * 2 bytes.
template <Form form, int M, int N, int Depth, int WarpsM, int WarpsN, int Stages, bool Aligned, typename Factor = bf16,
          typename Output>
__device__ __forceinline__ void pipelined(int2 at, const bf16* a, long long lda, const bf16* b,
                                          long long ldb, const Output& output, int k) {
  extern __shared__ uint4 shared[];
  using P = Pipeline<form, M, N, Depth, WarpsM, WarpsN, Stages, Aligned, Factor>;
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int row = warp / WarpsN * (M / WarpsM);
  const int column = warp % WarpsN * (N / WarpsN);
  P pipeline(reinterpret_cast<bf16*>(shared), typename P::A(a, lda, at.x * M, output.m, k),
             typename P::B(b, ldb, at.y * N, output.n, k));
  pipeline.run((k + Depth - 1) / Depth, row, column, lane);
  float* const scratch = reinterpret_cast<float*>(shared) + warp * 16 * kRowPitch<N / WarpsN>;
  store_accumulators(output, pipeline.acc, scratch, at.x * M + row, at.y * N + column, lane);
}

}  // namespace gemm
