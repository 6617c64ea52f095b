// Rows of one head, bf16, between global memory and swizzled shared memory. A row is `Columns` elements there, of which
// the head has `columns`, a multiple of 8; the rest is zero, which adds nothing to any product.
#pragma once
#include "common/attention_heads.cuh"
#include "common/tile.cuh"

namespace attention {

using tile::bf16;

// Starts copying rows [first, first + Rows) of a head, `step` elements apart; rows from `rows` on become zero. Addresses
// are computed anew from `first`, which costs less than the registers that running pointers would hold.
template <int Columns, int Rows, int Threads>
__device__ __forceinline__ void copy_rows_async(bf16* to, const bf16* head, long long step, int first, int rows,
                                                int columns) {
  constexpr int kChunks = Columns / tile::kChunk;
  constexpr int kRowsPerPass = Threads / kChunks;
  static_assert(Threads % kChunks == 0 && Rows % kRowsPerPass == 0, "every thread copies the same number");
  const int row = threadIdx.x / kChunks;
  const int chunk = threadIdx.x % kChunks;
  const bool inside = chunk * tile::kChunk < columns;
  const bf16* const from = head + (first + row) * step + chunk * tile::kChunk;
#pragma unroll 4
  for (int pass = 0; pass < Rows; pass += kRowsPerPass) {
    ptx::cp_async_16(to + tile::Swizzle<Columns>::at(row + pass, chunk), from + pass * step,
                     inside && first + row + pass < rows);
  }
}

// The fragments of a warp's 16 rows from `row` over all columns.
template <int Columns>
__device__ __forceinline__ void load_rows(uint32_t (&a)[Columns / 16][4], const bf16* from, int row, int lane) {
#pragma unroll
  for (int d = 0; d < Columns / 16; d++) tile::load_a<Columns>(a[d], from, row, d * 2, lane);
}

// 16 rows of a tile, a warp's own, can be put back in place as fragments where there are no registers to keep them: a
// lane then finds each as 16 bytes of its own, and all of them at one address and an offset, where rows take an address
// for every way that a chunk is permuted.
template <int Columns>
__device__ __forceinline__ void shelve_rows(bf16* rows, int lane) {
  uint32_t a[Columns / 16][4];
  load_rows<Columns>(a, rows, 0, lane);
  __syncwarp();
#pragma unroll
  for (int d = 0; d < Columns / 16; d++) {
    reinterpret_cast<uint4*>(rows)[d * 32 + lane] = {a[d][0], a[d][1], a[d][2], a[d][3]};
  }
}

// The fragment at depth `d` of rows that were shelved; what a lane reads it has written itself.
__device__ __forceinline__ void from_shelf(uint32_t (&a)[4], const bf16* rows, int d, int lane) {
  const uint4 words = reinterpret_cast<const uint4*>(rows)[d * 32 + lane];
  a[0] = words.x, a[1] = words.y, a[2] = words.z, a[3] = words.w;
}

// acc (16, 16 * N) += a (16, Columns) · bᵀ, where b is N * 16 rows of a tile.
template <int Columns, int N>
__device__ __forceinline__ void multiply_rows(float (&acc)[N * 2][4], const uint32_t (&a)[Columns / 16][4],
                                              const bf16* b, int lane) {
#pragma unroll
  for (int d = 0; d < Columns / 16; d++) {
#pragma unroll
    for (int j = 0; j < N; j++) {
      uint32_t right[4];
      tile::load_b<Columns>(right, b, j * 16, d * 2, lane);
      tile::mma_pair(acc[j * 2], acc[j * 2 + 1], a[d], right);
    }
  }
}

// The same with rows of `a` that were shelved.
template <int Columns, int N>
__device__ __forceinline__ void multiply_shelved(float (&acc)[N * 2][4], const bf16* a, const bf16* b, int lane) {
#pragma unroll
  for (int d = 0; d < Columns / 16; d++) {
    uint32_t left[4];
    from_shelf(left, a, d, lane);
#pragma unroll
    for (int j = 0; j < N; j++) {
      uint32_t right[4];
      tile::load_b<Columns>(right, b, j * 16, d * 2, lane);
      tile::mma_pair(acc[j * 2], acc[j * 2 + 1], left, right);
    }
  }
}

// acc (16, Columns) += a (16, 16 * N) · b, where b is N * 16 rows of a tile and `a` is given as accumulators, rounded to
// bf16 here.
template <int Columns, int N>
__device__ __forceinline__ void multiply_columns(float (&acc)[Columns / 8][4], const float (&a)[N * 2][4],
                                                 const bf16* b, int lane) {
#pragma unroll
  for (int j = 0; j < N; j++) {
    uint32_t left[4];
    tile::accumulators_to_a(left, a[j * 2], a[j * 2 + 1]);
#pragma unroll
    for (int d = 0; d < Columns / 16; d++) {
      uint32_t right[4];
      tile::load_b_trans<Columns>(right, b, j * 16, d * 2, lane);
      tile::mma_pair(acc[d * 2], acc[d * 2 + 1], left, right);
    }
  }
}

// Stores a warp's 16 rows, given as accumulators, by way of `scratch` (16 rows of a tile, this warp's own): rows g of
// it times low, rows g + 8 times high.
template <int Columns>
__device__ __forceinline__ void store_rows(bf16* to, long long step, int rows, int columns,
                                           const float (&acc)[Columns / 8][4], float low, float high, bf16* scratch,
                                           int lane) {
  constexpr int kChunks = Columns / tile::kChunk;
  const int g = lane / 4;
  const int t = lane % 4;
  __syncwarp();
#pragma unroll
  for (int j = 0; j < kChunks; j++) {
    *reinterpret_cast<uint32_t*>(scratch + tile::Swizzle<Columns>::at(g, j) + t * 2) =
        ptx::pack_bf16(acc[j][0] * low, acc[j][1] * low);
    *reinterpret_cast<uint32_t*>(scratch + tile::Swizzle<Columns>::at(g + 8, j) + t * 2) =
        ptx::pack_bf16(acc[j][2] * high, acc[j][3] * high);
  }
  __syncwarp();
  const int chunk = lane % kChunks;
#pragma unroll
  for (int row = lane / kChunks; row < 16; row += 32 / kChunks) {
    if (row < rows && chunk * tile::kChunk < columns) {
      const uint4 words = *reinterpret_cast<const uint4*>(scratch + tile::Swizzle<Columns>::at(row, chunk));
      ptx::st_global_16(to + row * step + chunk * tile::kChunk, words);
    }
  }
}

}  // namespace attention
