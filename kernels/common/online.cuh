// Softmax of rows: exp to the accuracy a storage type needs, and the maximum and the sum of a row in one pass over it
// (Milakov and Gimelshein 2018, arXiv 1805.02867).
#pragma once
#include "common/activation.cuh"
#include "common/reduce.cuh"
#include "common/vector.cuh"

namespace online {

// exp(t), t <= 0. What bf16 can hold of it survives the rounding of one product; f32 needs expf's two.
template <class T>
__device__ __forceinline__ float exponential(float t) {
  if constexpr (sizeof(T) == 2)
    return ptx::ex2(t * activation::kLog2E);
  else
    return expf(t);
}

struct Statistics {
  float max;
  float sum;  // of exp(x - max)
};

constexpr float kMinusInfinity = -INFINITY;

// Runs a thread has in flight.
constexpr int kBatch = 3;

// Of the part of a row that this thread reads: runs lane, lane + lanes, ... A part of minus infinities has the sum 0.
template <class T, class R>
__device__ __forceinline__ Statistics part(const R& row, int lane, int lanes) {
  constexpr int N = kWidth<T>;
  Statistics seen = {reduce::kLowest, 0.0f};
  for (int p = lane; p < row.runs(); p += kBatch * lanes) {
    Run<T> runs[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; k++) runs[k] = row.load(p + k * lanes);
    float max = seen.max;
#pragma unroll
    for (int k = 0; k < kBatch; k++) {
      float v[N];
      runs[k].get(v);
      row.fill_outside(v, p + k * lanes, kMinusInfinity);
#pragma unroll
      for (int i = 0; i < N; i++) max = fmaxf(max, v[i]);
    }
    float sum = seen.sum * exponential<T>(seen.max - max);
#pragma unroll
    for (int k = 0; k < kBatch; k++) {
      float v[N];
      runs[k].get(v);
      row.fill_outside(v, p + k * lanes, kMinusInfinity);
#pragma unroll
      for (int i = 0; i < N; i++) sum += exponential<T>(v[i] - max);
    }
    seen = {max, sum};
  }
  return seen;
}

// Of the whole row, from its parts.
template <class T>
__device__ __forceinline__ Statistics whole(Team<float>& team, Statistics part) {
  const float max = team.reduce<reduce::Max>(part.max);
  return {max, team.reduce<reduce::Sum>(part.sum * exponential<T>(part.max - max))};
}

// Reads the row again, from its end, and writes what f(v, p) makes of run p: what was read last is still in the caches.
template <class T, class From, class To, class F>
__device__ __forceinline__ void rewrite(const From& from, const To& to, int lane, int lanes, F f) {
  constexpr int kAtOnce = 2;
  constexpr int N = kWidth<T>;
  const int steps = (to.runs() + kAtOnce * lanes - 1) / (kAtOnce * lanes);
#pragma unroll 1
  for (int step = steps - 1; step >= 0; step--) {
    const int p = lane + step * kAtOnce * lanes;
    Run<T> runs[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; k++) runs[k] = from.load(p + k * lanes);
#pragma unroll
    for (int k = 0; k < kAtOnce; k++) {
      float v[N];
      runs[k].get(v);
      f(v, p + k * lanes);
      to.store(p + k * lanes, v);
    }
  }
}

}  // namespace online
