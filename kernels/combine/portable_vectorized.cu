// out[r] = sum_j gates[r, j] * y[places[r, j]]; without gates the plain sum; y (rows * k, cols), places (rows, k).
//
// Idea:     16 bytes per thread and access; threads are dealt runs and find row and column by one division, so that
//           narrow rows leave no thread idle. out is written once, nothing is added by atomics.
// Replaces: nothing.
// Needs:    operands without gaps, and at most 2^32 - 1 runs.
// Launch:   grid ceil(rows * runs / 256), runs = ceil(cols / w), w = elements in 16 bytes; 256 threads.
// Limits:   rows that are no multiple of 16 bytes are read element by element.
// Numerics: f32, choices in order.
#include "common/vector.cuh"

namespace {

template <class T>
__device__ __forceinline__ void combine(const T* y, const float* gates, const int* places, T* out, int rows, int cols,
                                        int active) {
  constexpr int N = kWidth<T>;
  const unsigned runs = (cols + N - 1) / N;
  const long long item = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (item >= static_cast<long long>(rows) * runs) return;
  const long long r = static_cast<unsigned>(item) / runs;
  const int run = static_cast<int>(static_cast<unsigned>(item) % runs);
  float sum[N] = {};
#pragma unroll 4
  for (int j = 0; j < active; j++) {
    const long long pair = r * active + j;
    const float gate = gates != nullptr ? gates[pair] : 1.0f;
    float v[N];
    Row<const T, N>(y + static_cast<long long>(places[pair]) * cols, cols, 0).load(run).get(v);
#pragma unroll
    for (int i = 0; i < N; i++) sum[i] = fmaf(gate, v[i], sum[i]);
  }
  Row<T, N>(out + r * cols, cols, 0).store(run, sum);
}

}  // namespace

#define RIDGELINE_ENTRY(name, T)                                                                                       \
  extern "C" __global__ void __launch_bounds__(256) combine_portable_vectorized_##name(                                \
      const T* y, const float* gates, const int* places, T* out, int rows, int cols, int active) {                     \
    combine(y, gates, places, out, rows, cols, active);                                                                \
  }

RIDGELINE_ENTRY(f32, float)
RIDGELINE_ENTRY(bf16, bf16)
