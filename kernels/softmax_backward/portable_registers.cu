// dx = y (dy - sum dy y) of each row of y and dy (rows, cols); rows may be strided.
//
// Idea:     both rows stay in the registers of a team of threads: memory is read once and written once. 16-byte
//           accesses, eight in flight per thread.
// Replaces: portable_plain, which reads each row twice, an element at a time.
// Needs:    at most 2048 runs of 16 bytes per row.
// Launch:   teams of `lanes` threads, a power of two up to 32 or the whole block, of four runs each; blocks of one
//           team, or of 128 threads where teams are smaller; grid ceil(rows / teams).
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: f32; sums over threads in a fixed order.
#include "common/reduce.cuh"
#include "common/vector.cuh"

namespace {

constexpr int kHeld = 4;

template <class T>
__device__ __forceinline__ void softmax_backward(Matrix<const T> y, Matrix<const T> dy, Matrix<T> dx, int rows,
                                                 int cols, int lanes) {
  constexpr int N = kWidth<T>;
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, lanes);
  const int r = blockIdx.x * team.teams() + team.index();
  const int count = r < rows ? cols : 0;
  const int lead = lead_of(y.at + r * y.stride);
  const auto from_y = y.template row<N>(r, count, lead);
  const auto from_dy = dy.template row<N>(r, count, lead);
  const auto to = dx.template row<N>(r, count, lead);

  Run<T> y_runs[kHeld];
  Run<T> dy_runs[kHeld];
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
    y_runs[k] = from_y.stream(team.lane() + k * lanes);
    dy_runs[k] = from_dy.stream(team.lane() + k * lanes);
  }
  float dot = 0.0f;
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
    float a[N], b[N];
    y_runs[k].get(a);
    dy_runs[k].get(b);
#pragma unroll
    for (int i = 0; i < N; i++) dot += a[i] * b[i];
  }
  dot = team.reduce<reduce::Sum>(dot);
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
    float a[N], b[N];
    y_runs[k].get(a);
    dy_runs[k].get(b);
#pragma unroll
    for (int i = 0; i < N; i++) a[i] *= b[i] - dot;
    to.store(team.lane() + k * lanes, a);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512)
    softmax_backward_portable_registers_f32(const float* y, long long y_stride, const float* dy, long long dy_stride,
                                            float* dx, long long dx_stride, int rows, int cols, int lanes) {
  softmax_backward<float>({y, y_stride}, {dy, dy_stride}, {dx, dx_stride}, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(512)
    softmax_backward_portable_registers_bf16(const bf16* y, long long y_stride, const bf16* dy, long long dy_stride,
                                             bf16* dx, long long dx_stride, int rows, int cols, int lanes) {
  softmax_backward<bf16>({y, y_stride}, {dy, dy_stride}, {dx, dx_stride}, rows, cols, lanes);
}
