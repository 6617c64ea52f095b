// The tile of an f32, bf16 or f16 product on ordinary arithmetic: 128 x 8 of a and 8 x 128 of b in shared memory, as f32
// and depth-major, and 8 x 8 sums a thread. The next tiles are on their way from global memory while these are multiplied,
// and two pairs of tiles take turns, so one barrier a step is enough.
#pragma once
#include "common/gemm_form.cuh"
#include "common/gemm_output.cuh"

namespace gemm::tiled {

constexpr int kTile = 128;
constexpr int kDepth = 8;
constexpr int kThreads = 256;
// Four more than a multiple of 32: four rows of one depth and eight depths of one row are then 32 different banks.
constexpr int kPitch = kTile + 4;
constexpr int kPasses = kTile * kDepth / kThreads;

// One block's 128 rows of a, or columns of b. A thread brings four elements a step; a warp reads along what is
// contiguous, which is the depth where `AlongDepth` and else the extent.
template <typename T, bool AlongDepth>
struct Strip {
  const T* from;   // this thread's first element of the next tile
  long long step;  // between neighbours along what is not contiguous
  int x, depth;    // this thread's first place in the strip, and in the depth
  int extent, end;
  float next[kPasses];

  __device__ __forceinline__ Strip(const T* operand, long long step, int first, int extent, int end)
      : step(step),
        x(AlongDepth ? threadIdx.x / kDepth : threadIdx.x % kTile),
        depth(AlongDepth ? threadIdx.x % kDepth : threadIdx.x / kTile),
        extent(extent - first),
        end(end) {
    from = operand + (AlongDepth ? (first + x) * step + depth : first + x + depth * step);
  }

  // Offsets of pass `pass` from the first.
  __device__ static __forceinline__ constexpr int x_of(int pass) { return AlongDepth ? pass * (kThreads / kDepth) : 0; }
  __device__ static __forceinline__ constexpr int depth_of(int pass) {
    return AlongDepth ? 0 : pass * (kThreads / kTile);
  }

  __device__ __forceinline__ void read() {
#pragma unroll
    for (int pass = 0; pass < kPasses; pass++) {
      const long long there = AlongDepth ? x_of(pass) * step : depth_of(pass) * step;
      const bool inside = x + x_of(pass) < extent && depth + depth_of(pass) < end;
      next[pass] = inside ? static_cast<float>(from[there]) : 0.0f;
    }
    from += AlongDepth ? kDepth : kDepth * step;
    end -= kDepth;
  }

  __device__ __forceinline__ void put(float (&tile)[kDepth][kPitch]) const {
#pragma unroll
    for (int pass = 0; pass < kPasses; pass++) tile[depth + depth_of(pass)][x + x_of(pass)] = next[pass];
  }
};

// Eight values: four from `first`, four from `first + gap`.
__device__ __forceinline__ void eight(float (&v)[8], const float* first, int gap) {
  const float4 low = *reinterpret_cast<const float4*>(first);
  const float4 high = *reinterpret_cast<const float4*>(first + gap);
  v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
  v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
}

// Tile (at.x, at.y) of the output, by a block of kThreads.
template <typename T, Form form>
__device__ __forceinline__ void product(int2 at, const T* a, long long lda, const T* b, long long ldb,
                                        const OutputFor<T>& output, int k) {
  __shared__ __align__(16) float tile_a[2][kDepth][kPitch];
  __shared__ __align__(16) float tile_b[2][kDepth][kPitch];
  Strip<T, of_a(form) == Contiguous::DEPTH> from_a(a, lda, at.x * kTile, output.m, k);
  Strip<T, of_b(form) == Contiguous::DEPTH> from_b(b, ldb, at.y * kTile, output.n, k);
  // A warp multiplies 32 rows by 64 columns; of these a lane has two groups of four rows and two of four columns.
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int row = warp / 2 * 32 + lane / 8 * 4;
  const int column = warp % 2 * 64 + lane % 8 * 4;
  float acc[8][8] = {};
  from_a.read();
  from_b.read();
  for (int depth = 0, turn = 0; depth < k; depth += kDepth, turn ^= 1) {
    from_a.put(tile_a[turn]);
    from_b.put(tile_b[turn]);
    __syncthreads();
    if (depth + kDepth < k) {
      from_a.read();
      from_b.read();
    }
    // Two depths at a time: the loads of more would spill the sums.
#pragma unroll 2
    for (int p = 0; p < kDepth; p++) {
      float x[8];
      float y[8];
      eight(x, &tile_a[turn][p][row], 16);
      eight(y, &tile_b[turn][p][column], 32);
#pragma unroll
      for (int i = 0; i < 8; i++) {
#pragma unroll
        for (int j = 0; j < 8; j++) acc[i][j] = fmaf(x[i], y[j], acc[i][j]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
#pragma unroll
    for (int j = 0; j < 8; j += 4) {
      float v[4] = {acc[i][j], acc[i][j + 1], acc[i][j + 2], acc[i][j + 3]};
      output.template store<4>(at.x * kTile + row + i % 4 + i / 4 * 16, at.y * kTile + column + j / 4 * 32, v);
    }
  }
}

}  // namespace gemm::tiled
