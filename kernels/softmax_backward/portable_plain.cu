// dx = y (dy - sum dy y) of each row of y and dy (rows, cols); rows may be strided.
//
// Idea:     one block per row, one element per thread and step.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   grid rows; 256 threads.
// Limits:   reads the rows twice, 2 or 4 bytes per access.
// Numerics: f32; sums over threads in a fixed order.
#include "common/bf16.cuh"
#include "common/reduce.cuh"

namespace {

template <class T>
__device__ __forceinline__ void softmax_backward(const T* y, const T* dy, T* dx, int cols) {
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, blockDim.x);
  float dot = 0.0f;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) dot += widen(y[c]) * widen(dy[c]);
  dot = team.reduce<reduce::Sum>(dot);
  for (int c = threadIdx.x; c < cols; c += blockDim.x) dx[c] = narrow<T>(widen(y[c]) * (widen(dy[c]) - dot));
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    softmax_backward_portable_plain_f32(const float* y, long long y_stride, const float* dy, long long dy_stride,
                                        float* dx, long long dx_stride, int cols) {
  softmax_backward(y + blockIdx.x * y_stride, dy + blockIdx.x * dy_stride, dx + blockIdx.x * dx_stride, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    softmax_backward_portable_plain_bf16(const bf16* y, long long y_stride, const bf16* dy, long long dy_stride,
                                         bf16* dx, long long dx_stride, int cols) {
  softmax_backward(y + blockIdx.x * y_stride, dy + blockIdx.x * dy_stride, dx + blockIdx.x * dx_stride, cols);
}
