// dx = dy gelu'(x), any dense shape, taken as n elements.
//
// Idea:     16-byte accesses, 4 in flight per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 512), runs = ceil((n + w - 1) / w), w = elements in 16 bytes; 256 threads.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: slope as in common/activation.cuh; one rounding to the storage type.
#include "common/activation.cuh"
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void gelu_backward(const T* x, const T* dy, T* dx, long long n) {
  elementwise<T, 2>({{x, 0}, {dy, 0}}, {{dx, 0}}, 1, n,
                    [](const float(&x)[2], float(&out)[1]) { out[0] = x[1] * activation::gelu_slope(x[0]); });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    gelu_backward_portable_vectorized_f32(const float* x, const float* dy, float* dx, long long n) {
  gelu_backward(x, dy, dx, n);
}

extern "C" __global__ void __launch_bounds__(256)
    gelu_backward_portable_vectorized_bf16(const bf16* x, const bf16* dy, bf16* dx, long long n) {
  gelu_backward(x, dy, dx, n);
}
