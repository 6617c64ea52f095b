// Layer norm and root-mean-square norm of the rows of a (rows, cols) matrix, which differ in the mean and the bias.
#pragma once
#include "common/reduce.cuh"
#include "common/vector.cuh"

namespace row_norm {

// What a norm reads besides its rows; bias is null where there is none.
template <class W>
struct Scale {
  const W* weight;
  const W* bias;
};

// What it leaves for its backward; mean is null where there is none.
struct Statistics {
  float* mean;
  float* rstd;
};

// What is added to the rows first, and where the sums go, rounded as the norm then takes them; null where nothing is.
template <class T>
struct Residual {
  Matrix<const T> branch;
  Matrix<T> sum;
};

// 16-byte runs of a row that one thread holds.
constexpr int kHeld = 4;

// Each team holds one row in registers, from its only reading to its only writing.
template <class T, class W>
__device__ __forceinline__ void held(Matrix<const T> x, Residual<T> residual, Scale<W> scale, Matrix<T> y,
                                     Statistics out, int rows, int cols, float eps, int lanes) {
  constexpr int N = kWidth<T>;
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, lanes);
  const int r = blockIdx.x * team.teams() + team.index();
  const int count = r < rows ? cols : 0;
  const int lead = lead_of(x.at + r * x.stride);
  const auto from = x.template row<N>(r, count, lead);

  Run<T> runs[kHeld];
#pragma unroll
  for (int k = 0; k < kHeld; k++) runs[k] = from.stream(team.lane() + k * lanes);
  if (residual.sum.at != nullptr) {
    const auto branch = residual.branch.template row<N>(r, count, lead);
    const auto sum = residual.sum.template row<N>(r, count, lead);
#pragma unroll
    for (int k = 0; k < kHeld; k++) {
      float a[N], b[N];
      runs[k].get(a);
      branch.stream(team.lane() + k * lanes).get(b);
#pragma unroll
      for (int i = 0; i < N; i++) a[i] += b[i];
      runs[k].set(a);
      sum.store(team.lane() + k * lanes, runs[k]);
    }
  }

  float mean = 0.0f;
  if (out.mean != nullptr) {
    float sum = 0.0f;
#pragma unroll
    for (int k = 0; k < kHeld; k++) {
      float v[N];
      runs[k].get(v);
#pragma unroll
      for (int i = 0; i < N; i++) sum += v[i];
    }
    mean = team.reduce<reduce::Sum>(sum) / cols;
  }
  // the variance from centred values: the difference of two means would lose what they have in common
  float squares = 0.0f;
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
    float v[N];
    runs[k].get(v);
    from.fill_outside(v, team.lane() + k * lanes, mean);
#pragma unroll
    for (int i = 0; i < N; i++) squares += (v[i] - mean) * (v[i] - mean);
  }
  const float rstd = 1.0f / sqrtf(team.reduce<reduce::Sum>(squares) / cols + eps);

  const auto to = y.template row<N>(r, count, lead);
  const Row<const W, N> weight(scale.weight, count, lead);
  const Row<const W, N> bias(scale.bias, count, lead);
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
    const int p = team.lane() + k * lanes;
    if (p >= to.runs()) break;
    float v[N], w[N], b[N] = {};
    runs[k].get(v);
    weight.load(p).get(w);
    if (scale.bias != nullptr) bias.load(p).get(b);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = (v[i] - mean) * rstd * w[i] + b[i];
    to.store(p, v);
  }
  if (team.lane() == 0 && r < rows) {
    if (out.mean != nullptr) out.mean[r] = mean;
    out.rstd[r] = rstd;
  }
}

// Each block reads its row three times, one element per thread and step; any width.
template <class T, class W>
__device__ __forceinline__ void plain(Matrix<const T> x, Residual<T> residual, Scale<W> scale, Matrix<T> y,
                                      Statistics out, int cols, float eps) {
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, blockDim.x);
  const int r = blockIdx.x;
  const T* from = x.at + r * x.stride;
  T* to = y.at + r * y.stride;
  if (residual.sum.at != nullptr) {
    const T* branch = residual.branch.at + r * residual.branch.stride;
    T* sum = residual.sum.at + r * residual.sum.stride;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) sum[c] = narrow<T>(widen(from[c]) + widen(branch[c]));
    from = sum;  // of which a thread reads what it has written
  }

  float mean = 0.0f;
  if (out.mean != nullptr) {
    float sum = 0.0f;
    for (int c = threadIdx.x; c < cols; c += blockDim.x) sum += widen(from[c]);
    mean = team.reduce<reduce::Sum>(sum) / cols;
  }
  float squares = 0.0f;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) {
    const float centred = widen(from[c]) - mean;
    squares += centred * centred;
  }
  const float rstd = 1.0f / sqrtf(team.reduce<reduce::Sum>(squares) / cols + eps);

  for (int c = threadIdx.x; c < cols; c += blockDim.x) {
    const float bias = scale.bias == nullptr ? 0.0f : widen(scale.bias[c]);
    to[c] = narrow<T>((widen(from[c]) - mean) * rstd * widen(scale.weight[c]) + bias);
  }
  if (threadIdx.x == 0) {
    if (out.mean != nullptr) out.mean[r] = mean;
    out.rstd[r] = rstd;
  }
}

}  // namespace row_norm
