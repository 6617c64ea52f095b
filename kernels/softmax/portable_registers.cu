// y = exp(x - max) / sum exp(x - max) of each row of x (rows, cols); rows may be strided.
//
// Idea:     a row stays in the registers of its team of threads: memory is read once and written once, and exp is taken
//           once per element. 16-byte accesses, four in flight per thread.
// Replaces: portable_online, which reads a row and takes its exponentials twice.
// Needs:    at most 2048 runs of 16 bytes per row.
// Launch:   teams of `lanes` threads, a power of two up to 32 or the whole block, of four runs each; blocks of one
//           team, or of 128 threads where teams are smaller; grid ceil(rows / teams).
// Limits:   none beyond its needs.
// Numerics: f32; the difference to the maximum is rounded once; exp by expf for f32, by ex2.approx for bf16.
#include "common/online.cuh"

namespace {

constexpr int kHeld = 4;

template <class T>
__device__ __forceinline__ void softmax(Matrix<const T> x, Matrix<T> y, int rows, int cols, int lanes) {
  constexpr int N = kWidth<T>;
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, lanes);
  const int r = blockIdx.x * team.teams() + team.index();
  const int count = r < rows ? cols : 0;
  const int lead = lead_of(x.at + r * x.stride);
  const auto from = x.template row<N>(r, count, lead);
  const auto to = y.template row<N>(r, count, lead);

  Run<T> runs[kHeld];
#pragma unroll
  for (int k = 0; k < kHeld; k++) runs[k] = from.stream(team.lane() + k * lanes);

  float v[kHeld][N];
  float max = reduce::kLowest;
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
    runs[k].get(v[k]);
    from.fill_outside(v[k], team.lane() + k * lanes, online::kMinusInfinity);
#pragma unroll
    for (int i = 0; i < N; i++) max = fmaxf(max, v[k][i]);
  }
  max = team.reduce<reduce::Max>(max);
  float sum = 0.0f;
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      v[k][i] = online::exponential<T>(v[k][i] - max);
      sum += v[k][i];
    }
  }
  const float factor = 1.0f / team.reduce<reduce::Sum>(sum);
#pragma unroll
  for (int k = 0; k < kHeld; k++) {
#pragma unroll
    for (int i = 0; i < N; i++) v[k][i] *= factor;
    to.store(team.lane() + k * lanes, v[k]);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512)
    softmax_portable_registers_f32(const float* x, long long x_stride, float* y, long long y_stride, int rows,
                                   int cols, int lanes) {
  softmax<float>({x, x_stride}, {y, y_stride}, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(512)
    softmax_portable_registers_bf16(const bf16* x, long long x_stride, bf16* y, long long y_stride, int rows, int cols,
                                    int lanes) {
  softmax<bf16>({x, x_stride}, {y, y_stride}, rows, cols, lanes);
}
