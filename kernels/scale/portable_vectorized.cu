// to = factor from, any dense f32 shape, taken as n elements.
//
// Idea:     16-byte accesses, 4 in flight per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 1024), runs = ceil((n + w - 1) / w), w = elements in 16 bytes; 256 threads.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: one f32 multiplication.
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void scale(const T* from, T* to, long long n, float factor) {
  elementwise<T, 4>({{from, 0}}, {{to, 0}}, 1, n,
                    [factor](const float(&x)[1], float(&out)[1]) { out[0] = factor * x[0]; });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    scale_portable_vectorized_f32(const float* from, float* to, long long n, float factor) {
  scale(from, to, n, factor);
}
