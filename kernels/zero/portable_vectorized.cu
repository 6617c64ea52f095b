// x = 0, any dense shape, taken as n elements.
//
// Idea:     16-byte writes, four per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 1024), runs = ceil((n + w - 1) / w), w = elements in 16 bytes; 256 threads.
// Limits:   none.
// Numerics: exact.
#include "common/vector.cuh"

namespace {

template <class T>
__device__ __forceinline__ void zero(T* x, long long n) {
  constexpr int N = kWidth<T>;
  constexpr int kRuns = 4;
  const Row<T, N, long long> to(x, n, lead_of(x));
  const long long from = static_cast<long long>(blockIdx.x) * (kRuns * blockDim.x) + threadIdx.x;
  const float zeros[N] = {};
#pragma unroll
  for (int k = 0; k < kRuns; k++) to.store(from + k * blockDim.x, zeros);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256) zero_portable_vectorized_f32(float* x, long long n) { zero(x, n); }

extern "C" __global__ void __launch_bounds__(256) zero_portable_vectorized_bf16(bf16* x, long long n) { zero(x, n); }
