// y = a + b, any dense shape, taken as n elements.
//
// Idea:     16-byte accesses, 4 in flight per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 512), runs = ceil((n + w - 1) / w), w = elements in 16 bytes; 256 threads.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: one f32 addition, rounded to the storage type. y may be a.
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void add(const T* a, const T* b, T* y, long long n) {
  elementwise<T, 2>({{a, 0}, {b, 0}}, {{y, 0}}, 1, n,
                    [](const float(&x)[2], float(&out)[1]) { out[0] = x[0] + x[1]; });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    add_portable_vectorized_f32(const float* a, const float* b, float* y, long long n) {
  add(a, b, y, n);
}

extern "C" __global__ void __launch_bounds__(256)
    add_portable_vectorized_bf16(const bf16* a, const bf16* b, bf16* y, long long n) {
  add(a, b, y, n);
}
