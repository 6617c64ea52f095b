// dlogits[e] = p_e (d_e - sum p d), d_e = load * (offsets[e + 1] - offsets[e]), and g_j (dg_j - sum g dg) more for each
// chosen expert j; load = balance * experts / rows^2; p, dlogits (rows, experts), g, dg (rows, k).
//
// Idea:     a warp per row, both sums in registers.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(rows / 8); 256 threads.
// Limits:   each expert is looked for among the k chosen ones.
// Numerics: f32; sums over lanes in an order that depends on nothing but their number.
#include "common/bf16.cuh"
#include "common/reduce.cuh"

namespace {

template <class T>
__device__ __forceinline__ void backward(const float* p, const float* gates, const int* chosen, const int* offsets,
                                         const float* dgates, T* dlogits, int rows, int experts, int active,
                                         float load) {
  const long long r = blockIdx.x * 8ll + threadIdx.x / 32;
  if (r >= rows) return;
  const int lane = threadIdx.x % 32;
  p += r * experts;
  gates += r * active;
  chosen += r * active;
  dgates += r * active;
  dlogits += r * experts;

  float2 mean = make_float2(0.0f, 0.0f);  // of the gates' gradients, and of the load
  for (int j = lane; j < active; j += 32) mean.x += gates[j] * dgates[j];
  for (int e = lane; e < experts; e += 32) mean.y += p[e] * (load * static_cast<float>(offsets[e + 1] - offsets[e]));
  for (int apart = 16; apart > 0; apart /= 2) mean = reduce::Sums::of(mean, reduce::shuffled(mean, apart));
  for (int e = lane; e < experts; e += 32) {
    float d = p[e] * (load * static_cast<float>(offsets[e + 1] - offsets[e]) - mean.y);
    for (int j = 0; j < active; j++) {
      if (chosen[j] == e) d += gates[j] * (dgates[j] - mean.x);
    }
    dlogits[e] = narrow<T>(d);
  }
}

}  // namespace

#define RIDGELINE_ENTRY(name, T)                                                                                       \
  extern "C" __global__ void __launch_bounds__(256) router_backward_portable_warps_##name(                             \
      const float* p, const float* gates, const int* chosen, const int* offsets, const float* dgates, T* dlogits,      \
      int rows, int experts, int active, float load) {                                                                 \
    backward(p, gates, chosen, offsets, dgates, dlogits, rows, experts, active, load);                                 \
  }

RIDGELINE_ENTRY(f32, float)
RIDGELINE_ENTRY(bf16, bf16)
