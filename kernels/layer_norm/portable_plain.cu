// mean and rstd = 1 / sqrt(var + eps) of each row of x (rows, cols), var the biased variance;
// y = (x - mean) rstd weight + bias.
// Rows may be strided. Where a sum is given, x + branch goes there first and is what the norm takes.
//
// Idea:     one block per row, one element per thread and step.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   grid rows; 256 threads.
// Limits:   reads a row three times, 2 or 4 bytes per access.
// Numerics: f32; the variance is that of centred values.
#include "common/norm.cuh"

extern "C" __global__ void __launch_bounds__(256)
    layer_norm_portable_plain_f32(const float* x, long long x_stride, const float* branch, long long branch_stride,
                                  float* sum, long long sum_stride, const float* weight, const float* bias, float* y,
                                  long long y_stride, float* mean, float* rstd, int cols, float eps) {
  row_norm::plain<float, float>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, bias},
                                {y, y_stride}, {mean, rstd}, cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
    layer_norm_portable_plain_bf16(const bf16* x, long long x_stride, const bf16* branch, long long branch_stride,
                                   bf16* sum, long long sum_stride, const bf16* weight, const bf16* bias, bf16* y,
                                   long long y_stride, float* mean, float* rstd, int cols, float eps) {
  row_norm::plain<bf16, bf16>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, bias},
                              {y, y_stride}, {mean, rstd}, cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
    layer_norm_portable_plain_bf16_weight_f32(const bf16* x, long long x_stride, const bf16* branch,
                                              long long branch_stride, bf16* sum, long long sum_stride,
                                              const float* weight, const float* bias, bf16* y, long long y_stride,
                                              float* mean, float* rstd, int cols, float eps) {
  row_norm::plain<bf16, float>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, bias},
                               {y, y_stride}, {mean, rstd}, cols, eps);
}
