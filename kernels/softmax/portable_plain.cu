// y = exp(x - max) / sum exp(x - max) of each row of x (rows, cols); rows may be strided.
//
// Idea:     one block per row, one element per thread and step.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   grid rows; 256 threads.
// Limits:   reads a row three times, 2 or 4 bytes per access.
// Numerics: f32, exp by expf.
#include "common/online.cuh"

namespace {

template <class T>
__device__ __forceinline__ void softmax(const T* x, T* y, int cols) {
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, blockDim.x);
  float max = reduce::kLowest;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) max = fmaxf(max, widen(x[c]));
  max = team.reduce<reduce::Max>(max);
  float sum = 0.0f;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) sum += expf(widen(x[c]) - max);
  sum = team.reduce<reduce::Sum>(sum);
  for (int c = threadIdx.x; c < cols; c += blockDim.x) y[c] = narrow<T>(expf(widen(x[c]) - max) / sum);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    softmax_portable_plain_f32(const float* x, long long x_stride, float* y, long long y_stride, int cols) {
  softmax(x + blockIdx.x * x_stride, y + blockIdx.x * y_stride, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    softmax_portable_plain_bf16(const bf16* x, long long x_stride, bf16* y, long long y_stride, int cols) {
  softmax(x + blockIdx.x * x_stride, y + blockIdx.x * y_stride, cols);
}
