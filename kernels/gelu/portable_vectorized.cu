// y = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), any dense shape, taken as n elements.
//
// Idea:     16-byte accesses, 4 in flight per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 1024), runs = ceil((n + w - 1) / w), w = elements in 16 bytes; 256 threads.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: x / (1 + 2^w), see common/activation.cuh; one rounding to the storage type.
#include "common/activation.cuh"
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void gelu(const T* x, T* y, long long n) {
  elementwise<T, 4>({{x, 0}}, {{y, 0}}, 1, n,
                    [](const float(&x)[1], float(&out)[1]) { out[0] = activation::gelu(x[0]); });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    gelu_portable_vectorized_f32(const float* x, float* y, long long n) {
  gelu(x, y, n);
}

extern "C" __global__ void __launch_bounds__(256)
    gelu_portable_vectorized_bf16(const bf16* x, bf16* y, long long n) {
  gelu(x, y, n);
}
