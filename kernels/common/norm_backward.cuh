// Gradients of layer norm and root-mean-square norm, which differ in the mean and the bias. With g = dy weight and
// n = (x - mean) rstd:
//   dx = rstd (g - mean(g) - n mean(g n)), without mean(g) for the root-mean-square norm
//   dweight += sum over rows of dy n, dbias += sum over rows of dy
// A residual, null where there is none and maybe dx itself, is added to dx.
#pragma once
#include "common/columns.cuh"
#include "common/reduce.cuh"
#include "common/vector.cuh"

namespace row_norm {

// What the forward left; mean is null for the root-mean-square norm.
struct Saved {
  const float* mean;
  const float* rstd;
};

// 16-byte runs of a row that one thread holds.
constexpr int kHeldBackward = 2;
constexpr int kBackwardThreads = 512;

// The sums of all teams of a block, in the order of the teams, to row `blockIdx.x` of `part`.
template <int N>
__device__ __forceinline__ void add_teams(const Team<float2, true>& team, const float (&sum)[kHeldBackward][N],
                                          float* part, int cols) {
  __shared__ float sums[kHeldBackward * N][kBackwardThreads];
  __syncthreads();
#pragma unroll
  for (int k = 0; k < kHeldBackward; k++) {
#pragma unroll
    for (int i = 0; i < N; i++) sums[k * N + i][threadIdx.x] = sum[k][i];
  }
  __syncthreads();
  const long long at = static_cast<long long>(blockIdx.x) * cols;
  for (int run = threadIdx.x; run * N < cols; run += blockDim.x) {
    const int owner = run % team.lanes();
    const int held = run / team.lanes();
#pragma unroll
    for (int i = 0; i < N; i++) {
      float total = 0.0f;
      for (int t = 0; t < team.teams(); t++) total += sums[held * N + i][t * team.lanes() + owner];
      if (run * N + i < cols) part[at + run * N + i] = total;
    }
  }
}

// Each team walks over rows with its part of the column sums in registers, and has the next row under way while it
// works on one. `part` is (2, blocks, cols): sums for dweight, then for dbias, which only a layer norm has.
template <class T, class W, bool kLayer>
__device__ __forceinline__ void held_backward(Matrix<const T> x, const W* weight, Saved saved, Matrix<const T> dy,
                                              Matrix<T> dx, Matrix<const T> residual, float* part, int rows, int cols,
                                              int lanes) {
  constexpr int N = kWidth<T>;
  __shared__ reduce::Memory<float2> memory;
  Team<float2, true> team(memory, lanes);
  const int step = gridDim.x * team.teams();

  const Row<const W, N> weights(weight, cols, 0);
  float dweight[kHeldBackward][N] = {};
  float dbias[kHeldBackward][N] = {};

  Run<T> next_x[kHeldBackward], next_dy[kHeldBackward];
  const auto fetch = [&](int r) {
    const int count = r < rows ? cols : 0;
#pragma unroll
    for (int k = 0; k < kHeldBackward; k++) {
      next_x[k] = x.template row<N>(r, count, 0).stream(team.lane() + k * lanes);
      next_dy[k] = dy.template row<N>(r, count, 0).stream(team.lane() + k * lanes);
    }
  };

  int r = blockIdx.x * team.teams() + team.index();
  fetch(r);
  for (; r < rows; r += step) {
    Run<T> this_x[kHeldBackward], this_dy[kHeldBackward];
#pragma unroll
    for (int k = 0; k < kHeldBackward; k++) {
      this_x[k] = next_x[k];
      this_dy[k] = next_dy[k];
    }
    fetch(r + step);

    const float rstd = saved.rstd[r];
    const float mean = kLayer ? saved.mean[r] : 0.0f;
    // outside the row dy is zero, and so is all that it is a factor of
    float2 sums = make_float2(0.0f, 0.0f);
#pragma unroll
    for (int k = 0; k < kHeldBackward; k++) {
      float a[N], g[N], w[N];
      this_x[k].get(a);
      this_dy[k].get(g);
      weights.load(team.lane() + k * lanes).get(w);  // from L1: registers are short
#pragma unroll
      for (int i = 0; i < N; i++) {
        const float normal = (a[i] - mean) * rstd;
        dweight[k][i] += g[i] * normal;
        if (kLayer) dbias[k][i] += g[i];
        sums.x += g[i] * w[i];
        sums.y += g[i] * w[i] * normal;
      }
    }
    sums = team.template reduce<reduce::Sums>(sums);
    const float mean_g = kLayer ? sums.x / cols : 0.0f;
    const float projection = sums.y / cols;
    const auto to = dx.template row<N>(r, cols, 0);
    const auto added = residual.template row<N>(r, cols, 0);
#pragma unroll
    for (int k = 0; k < kHeldBackward; k++) {
      float a[N], g[N], w[N];
      this_x[k].get(a);
      this_dy[k].get(g);
      weights.load(team.lane() + k * lanes).get(w);  // from L1: registers are short
#pragma unroll
      for (int i = 0; i < N; i++) a[i] = rstd * (g[i] * w[i] - mean_g - (a[i] - mean) * rstd * projection);
      if (residual.at != nullptr) {
        added.load(team.lane() + k * lanes).get(w);
#pragma unroll
        for (int i = 0; i < N; i++) a[i] += w[i];
      }
      to.store(team.lane() + k * lanes, a);
    }
  }
  add_teams<N>(team, dweight, part, cols);
  if (kLayer) add_teams<N>(team, dbias, part + static_cast<long long>(gridDim.x) * cols, cols);
}

// Each block reads its row twice, one element per thread and step; any width. `dx` only.
template <class T, class W, bool kLayer>
__device__ __forceinline__ void plain_backward(Matrix<const T> x, const W* weight, Saved saved, Matrix<const T> dy,
                                               Matrix<T> dx, Matrix<const T> residual, int cols) {
  __shared__ reduce::Memory<float2> memory;
  Team<float2> team(memory, blockDim.x);
  const int r = blockIdx.x;
  const T* from = x.at + r * x.stride;
  const T* gradient = dy.at + r * dy.stride;
  T* to = dx.at + r * dx.stride;
  const float rstd = saved.rstd[r];
  const float mean = kLayer ? saved.mean[r] : 0.0f;
  float2 sums = make_float2(0.0f, 0.0f);
  for (int c = threadIdx.x; c < cols; c += blockDim.x) {
    const float g = widen(gradient[c]) * widen(weight[c]);
    sums.x += g;
    sums.y += g * (widen(from[c]) - mean) * rstd;
  }
  sums = team.template reduce<reduce::Sums>(sums);
  const float mean_g = kLayer ? sums.x / cols : 0.0f;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) {
    const float g = widen(gradient[c]) * widen(weight[c]);
    const float normal = (widen(from[c]) - mean) * rstd;
    const float added = residual.at == nullptr ? 0.0f : widen(residual.at[r * residual.stride + c]);
    to[c] = narrow<T>(added + rstd * (g - mean_g - normal * (sums.y / cols)));
  }
}

// The column sums of plain_backward: a block of columns::kThreads for every columns::kColumns columns, over all rows.
template <class T, bool kLayer>
__device__ __forceinline__ void plain_sums(Matrix<const T> x, Saved saved, Matrix<const T> dy, float* dweight,
                                           float* dbias, int rows, int cols) {
  constexpr int kRows = columns::kThreads / columns::kColumns;
  __shared__ float2 sums[kRows][columns::kColumns];
  const int column = static_cast<int>(threadIdx.x) % columns::kColumns;
  const int y = static_cast<int>(threadIdx.x) / columns::kColumns;
  const int c = blockIdx.x * columns::kColumns + column;
  float2 sum = make_float2(0.0f, 0.0f);
  if (c < cols) {
    for (int r = y; r < rows; r += kRows) {
      const float g = widen(dy.at[r * dy.stride + c]);
      const float mean = kLayer ? saved.mean[r] : 0.0f;
      sum.x += g * (widen(x.at[r * x.stride + c]) - mean) * saved.rstd[r];
      sum.y += g;
    }
  }
  sums[y][column] = sum;
  __syncthreads();
  if (y > 0 || c >= cols) return;
  for (int k = 1; k < kRows; k++) sum = reduce::Sums::of(sum, sums[k][column]);
  dweight[c] += sum.x;
  if (kLayer) dbias[c] += sum.y;
}

}  // namespace row_norm
