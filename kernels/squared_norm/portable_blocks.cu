// sum = sum of x^2 over n elements.
//
// Idea:     every block adds up its share, 16-byte accesses, four in flight per thread; a second launch adds up the
//           blocks. No atomics, and a grid that depends on n alone: the same bits on every device.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   `part`: 256 threads, a grid of at most 1024 blocks that depends on n alone; part has an f32 per block.
//           `sum`: one block of 256 threads.
// Limits:   none.
// Numerics: f32; each thread's share in order, then threads and blocks in a fixed order.
#include "common/reduce.cuh"
#include "common/vector.cuh"

namespace {

constexpr int kInFlight = 4;

template <class T>
__device__ __forceinline__ void part(const T* x, float* part, long long n) {
  constexpr int N = kWidth<T>;
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, blockDim.x);
  const Row<const T, N, long long> from(x, n, lead_of(x));
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  float sum = 0.0f;
  for (long long p = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; p < from.runs();
       p += kInFlight * step) {
    Run<T> runs[kInFlight];
#pragma unroll
    for (int k = 0; k < kInFlight; k++) runs[k] = from.stream(p + k * step);
#pragma unroll
    for (int k = 0; k < kInFlight; k++) {
      float v[N];
      runs[k].get(v);
#pragma unroll
      for (int i = 0; i < N; i++) sum += v[i] * v[i];
    }
  }
  sum = team.reduce<reduce::Sum>(sum);
  if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    squared_norm_portable_blocks_part_f32(const float* x, float* parts, long long n) {
  part(x, parts, n);
}

extern "C" __global__ void __launch_bounds__(256)
    squared_norm_portable_blocks_part_bf16(const bf16* x, float* parts, long long n) {
  part(x, parts, n);
}

extern "C" __global__ void __launch_bounds__(256)
    squared_norm_portable_blocks_sum(const float* parts, float* sum, int count) {
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, blockDim.x);
  float total = 0.0f;
  for (int i = threadIdx.x; i < count; i += blockDim.x) total += parts[i];
  total = team.reduce<reduce::Sum>(total);
  if (threadIdx.x == 0) *sum = total;
}
