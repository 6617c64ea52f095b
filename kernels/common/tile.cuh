// Tiles of bf16, or of f16, whose bits travel alike, in shared memory and the fragments of mma.m16n8k16 read from them.
//
// A tile is stored row by row in chunks of 16 bytes. The chunks of a row are permuted by the row's number so that eight
// neighbouring rows of one logical chunk, which is what ldmatrix reads at once, lie in eight different groups of four
// banks. Writing whole rows, as cp.async does, stays free of conflicts because a row is only permuted within itself.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "common/ptx/convert.cuh"
#include "common/ptx/cp_async.cuh"
#include "common/ptx/ldmatrix.cuh"
#include "common/ptx/memory.cuh"
#include "common/ptx/mma.cuh"

namespace tile {

using bf16 = __nv_bfloat16;
using f16 = __half;

// Elements of bf16 in the 16 bytes that ldmatrix and cp.async move.
constexpr int kChunk = 8;

// A tile whose rows hold `Columns` elements: 32 or a larger power of two.
template <int Columns>
struct Swizzle {
  static constexpr int kChunks = Columns / kChunk;
  static_assert(Columns >= 32 && (Columns & (Columns - 1)) == 0, "rows of 64 bytes share a line of banks in pairs");

  // Where chunk `chunk` of row `row` starts, in elements.
  __device__ static __forceinline__ int at(int row, int chunk) {
    const int line = Columns >= 64 ? row : row / (64 / Columns);
    return row * Columns + (chunk ^ (line & (kChunks < 8 ? kChunks - 1 : 7))) * kChunk;
  }
};

// The left operand's fragment: 16 rows from `row`, 16 of depth from chunk `chunk`, where rows are contiguous in depth.
template <int Columns>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], const bf16* tile, int row, int chunk, int lane) {
  ptx::ldmatrix_x4(a, tile + Swizzle<Columns>::at(row + lane % 16, chunk + lane / 16));
}

// The same from a tile stored the other way: a row of it is one depth. 16 of depth from `depth`, 16 rows of the operand
// from chunk `chunk`.
template <int Columns>
__device__ __forceinline__ void load_a_trans(uint32_t (&a)[4], const bf16* tile, int depth, int chunk, int lane) {
  ptx::ldmatrix_x4_trans(a, tile + Swizzle<Columns>::at(depth + lane % 8 + lane / 16 * 8, chunk + lane / 8 % 2));
}

// Two fragments of the right operand: columns n from `row` and from `row + 8`, 16 of depth from chunk `chunk`, where a
// row of the tile is one n and contiguous in depth. b[0..1] is the first fragment, b[2..3] the second.
template <int Columns>
__device__ __forceinline__ void load_b(uint32_t (&b)[4], const bf16* tile, int row, int chunk, int lane) {
  ptx::ldmatrix_x4(b, tile + Swizzle<Columns>::at(row + lane % 8 + lane / 16 * 8, chunk + lane / 8 % 2));
}

// The same from a tile in which a row is one depth and contiguous in n. 16 of depth from `depth`, n from chunk `chunk`
// and from the next.
template <int Columns>
__device__ __forceinline__ void load_b_trans(uint32_t (&b)[4], const bf16* tile, int depth, int chunk, int lane) {
  ptx::ldmatrix_x4_trans(b, tile + Swizzle<Columns>::at(depth + lane % 16, chunk + lane / 16));
}

// A warp's product of fragments that hold factors of this type.
template <typename Factor>
struct Multiply;

template <>
struct Multiply<bf16> {
  __device__ static __forceinline__ void add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k16_bf16(d, a, b);
  }
};

template <>
struct Multiply<f16> {
  __device__ static __forceinline__ void add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k16_f16(d, a, b);
  }
};

// d0 += a * b[0..1] and d1 += a * b[2..3]: one left fragment and the two right ones of one load.
template <typename Factor = bf16>
__device__ __forceinline__ void mma_pair(float (&d0)[4], float (&d1)[4], const uint32_t (&a)[4],
                                         const uint32_t (&b)[4]) {
  Multiply<Factor>::add(d0, a, {b[0], b[1]});
  Multiply<Factor>::add(d1, a, {b[2], b[3]});
}

// Sixteen columns of two accumulators become the left fragment of a product over these columns: an accumulator's lane
// holds just the elements that the fragment wants there, in two neighbouring accumulators.
__device__ __forceinline__ void accumulators_to_a(uint32_t (&a)[4], const float (&left)[4], const float (&right)[4]) {
  a[0] = ptx::pack_bf16(left[0], left[1]);
  a[1] = ptx::pack_bf16(left[2], left[3]);
  a[2] = ptx::pack_bf16(right[0], right[1]);
  a[3] = ptx::pack_bf16(right[2], right[3]);
}

}  // namespace tile
