// Bringing an operand of a bf16 GEMM into swizzled shared memory, whichever of its indices is contiguous.
#pragma once
#include <cuda_bf16.h>

#include <cstdint>

#include "common/gemm_form.cuh"
#include "common/tile.cuh"

namespace gemm {

// One block's strip of an operand: `Extent` rows or columns of the product over the whole depth, cut into tiles of
// `Depth` for shared memory. The tile's rows follow memory, so every copied chunk is contiguous on both sides.
template <Contiguous kContiguous, int Extent, int Depth, int Threads>
struct Operand {
  static constexpr int kColumns = kContiguous == Contiguous::DEPTH ? Depth : Extent;
  static constexpr int kRows = kContiguous == Contiguous::DEPTH ? Extent : Depth;
  static constexpr int kElements = Extent * Depth;
  static constexpr int kChunksPerRow = kColumns / tile::kChunk;
  static constexpr int kRowsPerPass = Threads / kChunksPerRow;
  static constexpr int kPasses = kRows / kRowsPerPass;
  static_assert(Threads % kChunksPerRow == 0 && kRows % kRowsPerPass == 0, "every thread copies the same number");

  const tile::bf16* from;  // this thread's first chunk of the next tile
  long long ld;
  int row, chunk;     // of this thread's first chunk, in the tile
  int extent, depth;  // what is left of the operand from the strip's start and from the next tile

  __device__ __forceinline__ Operand(const tile::bf16* operand, long long ld, int first, int extent, int depth)
      : ld(ld),
        row(threadIdx.x / kChunksPerRow),
        chunk(threadIdx.x % kChunksPerRow),
        extent(extent - first),
        depth(depth) {
    const long long strip = kContiguous == Contiguous::DEPTH ? first * ld : first;
    from = operand + strip + row * ld + chunk * tile::kChunk;
  }

  // How many elements of the chunk in pass `pass` lie inside the operand; may be negative or more than a chunk.
  __device__ __forceinline__ int inside(int pass) const {
    const int r = row + pass * kRowsPerPass;
    const int c = chunk * tile::kChunk;
    if constexpr (kContiguous == Contiguous::DEPTH) return r < extent ? depth - c : 0;
    return r < depth ? extent - c : 0;
  }

  // Where the chunk of pass `pass` goes in a tile.
  __device__ __forceinline__ int to(int pass) const {
    return tile::Swizzle<kColumns>::at(row + pass * kRowsPerPass, chunk);
  }

  // Starts the copy of the next tile. Needs a 16-byte aligned operand whose `ld` and contiguous extent are multiples
  // of 8, so that a chunk is wholly inside or wholly outside.
  __device__ __forceinline__ void copy_async(tile::bf16* tile) {
#pragma unroll
    for (int pass = 0; pass < kPasses; pass++) {
      ptx::cp_async_16(tile + to(pass), from + pass * kRowsPerPass * ld, inside(pass) > 0);
    }
    next();
  }

  // The next tile through registers, element by element where the operand is not `aligned` as above.
  __device__ __forceinline__ void copy(tile::bf16* tile, bool aligned) {
#pragma unroll
    for (int pass = 0; pass < kPasses; pass++) {
      const int count = inside(pass);
      const tile::bf16* const p = from + pass * kRowsPerPass * ld;
      uint4 words = {0, 0, 0, 0};
      if (aligned) {
        if (count > 0) words = ptx::ld_global_nc_16(p);
      } else {
        words = {pair(p, 0, count), pair(p, 2, count), pair(p, 4, count), pair(p, 6, count)};
      }
      *reinterpret_cast<uint4*>(tile + to(pass)) = words;
    }
    next();
  }

  __device__ __forceinline__ void next() {
    from += kContiguous == Contiguous::DEPTH ? Depth : Depth * ld;
    depth -= Depth;
  }

 private:
  // Elements i and i + 1 at `p` in one word, zeros from `count` on.
  __device__ static __forceinline__ uint32_t pair(const tile::bf16* p, int i, int count) {
    const uint32_t low = i < count ? __bfloat16_as_ushort(p[i]) : 0;
    const uint32_t high = i + 1 < count ? __bfloat16_as_ushort(p[i + 1]) : 0;
    return low | high << 16;
  }
};

// The fragments of a warp's tile at depth `step` (16 at a time) of a stage.
template <Contiguous kContiguous, typename Tile, int Fragments>
__device__ __forceinline__ void load_left(uint32_t (&a)[Fragments][4], const tile::bf16* stage, int first, int step,
                                          int lane) {
#pragma unroll
  for (int i = 0; i < Fragments; i++) {
    if constexpr (kContiguous == Contiguous::DEPTH) {
      tile::load_a<Tile::kColumns>(a[i], stage, first + i * 16, step * 2, lane);
    } else {
      tile::load_a_trans<Tile::kColumns>(a[i], stage, step * 16, first / 8 + i * 2, lane);
    }
  }
}

template <Contiguous kContiguous, typename Tile, int Fragments>
__device__ __forceinline__ void load_right(uint32_t (&b)[Fragments][4], const tile::bf16* stage, int first, int step,
                                           int lane) {
#pragma unroll
  for (int j = 0; j < Fragments; j++) {
    if constexpr (kContiguous == Contiguous::DEPTH) {
      tile::load_b<Tile::kColumns>(b[j], stage, first + j * 16, step * 2, lane);
    } else {
      tile::load_b_trans<Tile::kColumns>(b[j], stage, step * 16, first / 8 + j * 2, lane);
    }
  }
}

}  // namespace gemm
