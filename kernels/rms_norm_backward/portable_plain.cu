// With g = dy weight and n = x rstd, of x and dy (rows, cols): dx = rstd (g - n mean(g n)), dweight += sum over rows of
// dy n. Rows may be strided. A residual, which may be dx, is
// added to dx.
//
// Idea:     one block per row for dx, then one per 32 columns for the sums; one element per thread and step.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   `rows`: grid rows; 256 threads. `sum`: grid ceil(cols / 32); 256 threads.
// Limits:   reads x and dy three times, 2 or 4 bytes per access.
// Numerics: f32; sums in a fixed order.
#include "common/norm_backward.cuh"

extern "C" __global__ void __launch_bounds__(256)
    rms_norm_backward_portable_plain_rows_f32(const float* x, long long x_stride, const float* weight,
                                              const float* rstd, const float* dy, long long dy_stride, float* dx,
                                              long long dx_stride, const float* residual, long long residual_stride,
                                              int cols) {
  row_norm::plain_backward<float, float, false>({x, x_stride}, weight, {nullptr, rstd}, {dy, dy_stride},
                                                {dx, dx_stride}, {residual, residual_stride}, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    rms_norm_backward_portable_plain_rows_bf16(const bf16* x, long long x_stride, const bf16* weight, const float* rstd,
                                               const bf16* dy, long long dy_stride, bf16* dx, long long dx_stride,
                                               const bf16* residual, long long residual_stride, int cols) {
  row_norm::plain_backward<bf16, bf16, false>({x, x_stride}, weight, {nullptr, rstd}, {dy, dy_stride}, {dx, dx_stride},
                                              {residual, residual_stride}, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    rms_norm_backward_portable_plain_rows_bf16_weight_f32(const bf16* x, long long x_stride, const float* weight,
                                                          const float* rstd, const bf16* dy, long long dy_stride,
                                                          bf16* dx, long long dx_stride, const bf16* residual,
                                                          long long residual_stride, int cols) {
  row_norm::plain_backward<bf16, float, false>({x, x_stride}, weight, {nullptr, rstd}, {dy, dy_stride}, {dx, dx_stride},
                                               {residual, residual_stride}, cols);
}

extern "C" __global__ void __launch_bounds__(columns::kThreads)
    rms_norm_backward_portable_plain_sum_f32(const float* x, long long x_stride, const float* rstd, const float* dy,
                                             long long dy_stride, float* dweight, int rows, int cols) {
  row_norm::plain_sums<float, false>({x, x_stride}, {nullptr, rstd}, {dy, dy_stride}, dweight, nullptr, rows, cols);
}

extern "C" __global__ void __launch_bounds__(columns::kThreads)
    rms_norm_backward_portable_plain_sum_bf16(const bf16* x, long long x_stride, const float* rstd, const bf16* dy,
                                              long long dy_stride, float* dweight, int rows, int cols) {
  row_norm::plain_sums<bf16, false>({x, x_stride}, {nullptr, rstd}, {dy, dy_stride}, dweight, nullptr, rows, cols);
}
