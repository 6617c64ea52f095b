// y = exp(x - max) / sum exp(x - max) of each row of x (rows, cols); rows may be strided.
//
// Idea:     maximum and sum in one pass over the row, the sum rescaled when a larger maximum turns up; then one pass
//           that reads the row again, from its end, of which L1 and L2 still hold the most. Any width.
// Replaces: portable_plain, which reads a row three times.
// Needs:    nothing.
// Launch:   teams of `lanes` threads, a power of two up to 32 or the whole block; blocks of one team, or of 128 threads
//           where teams are smaller; grid ceil(rows / teams).
// Limits:   rows longer than the caches are read twice from memory.
// Numerics: f32; the difference to the maximum is rounded once; exp by expf for f32, by ex2.approx for bf16.
#include "common/online.cuh"

namespace {

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

  const auto row = online::whole<T>(team, online::part<T>(from, team.lane(), lanes));
  const float factor = 1.0f / row.sum;
  online::rewrite<T>(from, to, team.lane(), lanes, [&](float(&v)[N], int) {
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = online::exponential<T>(v[i] - row.max) * factor;
  });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512)
    softmax_portable_online_f32(const float* x, long long x_stride, float* y, long long y_stride, int rows, int cols,
                                int lanes) {
  softmax<float>({x, x_stride}, {y, y_stride}, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(512)
    softmax_portable_online_bf16(const bf16* x, long long x_stride, bf16* y, long long y_stride, int rows, int cols,
                                 int lanes) {
  softmax<bf16>({x, x_stride}, {y, y_stride}, rows, cols, lanes);
}
