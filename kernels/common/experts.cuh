// Rows that lie in order of their experts: rows [offsets[e], offsets[e + 1]) are expert e's. How many each has is known
// on the device alone, so a grid has room for the most tiles they can make and every block looks up its own.
#pragma once
#include "common/gemm_form.cuh"
#include "common/gemm_output.cuh"

namespace experts {

using gemm::Form;

constexpr unsigned kAll = 0xffffffffu;

struct Tile {
  int expert;
  int first, rows;  // of the expert
  int index;        // of the tile among the expert's
};

// Tile `block` of all experts' tiles of `height` rows, one expert's after the other's; false where there are fewer.
// Whole warps call it together.
__device__ __forceinline__ bool find(const int* offsets, int experts, int height, int block, Tile& tile) {
  const int lane = threadIdx.x % 32;
  int before = 0;
  for (int base = 0; base < experts; base += 32) {
    const bool real = base + lane < experts;
    const int first = real ? offsets[base + lane] : 0;
    const int rows = real ? offsets[base + lane + 1] - first : 0;
    const int tiles = (rows + height - 1) / height;
    int end = before + tiles;
    for (int apart = 1; apart < 32; apart *= 2) {
      const int lower = __shfl_up_sync(kAll, end, apart) - before;
      if (lane >= apart) end += lower;
    }
    const unsigned after = __ballot_sync(kAll, block < end);
    if (after != 0) {
      const int found = __ffs(static_cast<int>(after)) - 1;
      tile.expert = base + found;
      tile.first = __shfl_sync(kAll, first, found);
      tile.rows = __shfl_sync(kAll, rows, found);
      tile.index = block - __shfl_sync(kAll, end - tiles, found);
      return true;
    }
    before = __shfl_sync(kAll, end, 31);
  }
  return false;
}

// A grouped product's operands as its kernels take them; `m` and `n` are columns of a and b in TN, and else `n` and `k`
// the columns of c and a.
template <class T>
struct Operands {
  const T* a;
  const T* b;
  const int* offsets;
  void* c;
  int experts, m, n, k, flags;

  __device__ __forceinline__ void* row_of_c(int row) const {
    return static_cast<char*>(c) + static_cast<long long>(row) * n * (flags & gemm::kOutputF32 ? 4 : 2);
  }
};

// Hands `product(at, a, lda, b, ldb, output, k)` this block's tile of an expert's own product, tiles being `height` rows
// high. Blocks: in TN (tiles of m, tiles of n, experts), else (most tiles of rows, tiles of n).
template <Form form, class T, class Product>
__device__ __forceinline__ void dispatch(const Operands<T>& of, int height, Product product) {
  if constexpr (form == Form::TN) {
    const int first = of.offsets[blockIdx.z];
    const int rows = of.offsets[blockIdx.z + 1] - first;
    if (rows == 0 && of.flags & gemm::kAccumulate) return;
    const gemm::Output output(of.c, of.n, static_cast<long long>(of.m) * of.n, nullptr, nullptr, 0, 0, of.m, of.n,
                              of.flags);
    product(make_int2(blockIdx.x, blockIdx.y), of.a + static_cast<long long>(first) * of.m, of.m,
            of.b + static_cast<long long>(first) * of.n, of.n, output, rows);
  } else {
    Tile tile;
    if (!find(of.offsets, of.experts, height, blockIdx.x, tile)) return;
    const gemm::Output output(of.row_of_c(tile.first), of.n, 0, nullptr, nullptr, 0, 0, tile.rows, of.n, of.flags);
    product(make_int2(tile.index, blockIdx.y), of.a + static_cast<long long>(tile.first) * of.k, of.k,
            of.b + static_cast<long long>(tile.expert) * of.n * of.k, form == Form::NT ? of.k : of.n, output, of.k);
  }
}

}  // namespace experts
