// to = a + factor b, any dense f32 shape, taken as n elements.
//
// Idea:     16-byte accesses, 4 in flight per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 512), runs = ceil((n + w - 1) / w), w = elements in 16 bytes; 256 threads.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: one f32 fused multiply-add.
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void triad(const T* a, const T* b, T* to, long long n, float factor) {
  elementwise<T, 2>({{a, 0}, {b, 0}}, {{to, 0}}, 1, n,
                    [factor](const float(&x)[2], float(&out)[1]) { out[0] = fmaf(factor, x[1], x[0]); });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    triad_portable_vectorized_f32(const float* a, const float* b, float* to, long long n, float factor) {
  triad(a, b, to, n, factor);
}
