// dy[places[r, j]] = gates[r, j] * dout[r] and dgates[r, j] = dout[r] · y[places[r, j]]; y, dy (rows * k, cols), gates,
// dgates, places (rows, k), dout (rows, cols).
//
// Idea:     a warp per (row, choice): both rows pass through it once, 16 bytes per lane and access.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(rows * k / 8); 256 threads.
// Limits:   dout is read k times, by neighbouring warps; rows that are no multiple of 16 bytes are read element by
//           element.
// Numerics: f32; each lane adds its runs in order, then the lanes.
#include "common/reduce.cuh"
#include "common/vector.cuh"

namespace {

template <class T>
__device__ __forceinline__ void backward(const T* y, const float* gates, const int* places, const T* dout, T* dy,
                                         float* dgates, int pairs, int cols, int active) {
  constexpr int N = kWidth<T>;
  const long long pair = blockIdx.x * 8ll + threadIdx.x / 32;
  if (pair >= pairs) return;
  const int lane = threadIdx.x % 32;
  const long long place = places[pair];
  const float gate = gates[pair];
  const Row<const T, N> from(y + place * cols, cols, 0);
  const Row<const T, N> gradient(dout + pair / active * cols, cols, 0);
  const Row<T, N> to(dy + place * cols, cols, 0);
  float dot = 0.0f;
#pragma unroll 2
  for (int p = lane; p < gradient.runs(); p += 32) {
    float v[N];
    float d[N];
    from.load(p).get(v);
    gradient.load(p).get(d);
#pragma unroll
    for (int i = 0; i < N; i++) {
      dot = fmaf(d[i], v[i], dot);
      d[i] *= gate;
    }
    to.store(p, d);
  }
  for (int apart = 16; apart > 0; apart /= 2) dot += reduce::shuffled(dot, apart);
  if (lane == 0) dgates[pair] = dot;
}

}  // namespace

#define RIDGELINE_ENTRY(name, T)                                                                                       \
  extern "C" __global__ void __launch_bounds__(256) combine_backward_portable_vectorized_##name(                       \
      const T* y, const float* gates, const int* places, const T* dout, T* dy, float* dgates, int pairs, int cols,     \
      int active) {                                                                                                    \
    backward(y, gates, places, dout, dy, dgates, pairs, cols, active);                                                 \
  }

RIDGELINE_ENTRY(f32, float)
RIDGELINE_ENTRY(bf16, bf16)
