// rstd = 1 / sqrt(mean(x^2) + eps) of each row of x (rows, cols); y = x rstd weight.
// Rows may be strided. Where a sum is given, x + branch goes there first and is what the norm takes.
//
// Idea:     one block per row, one element per thread and step.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   grid rows; 256 threads.
// Limits:   reads a row two times, 2 or 4 bytes per access.
// Numerics: f32; sums over threads in a fixed order.
#include "common/norm.cuh"

extern "C" __global__ void __launch_bounds__(256)
    rms_norm_portable_plain_f32(const float* x, long long x_stride, const float* branch, long long branch_stride,
                                float* sum, long long sum_stride, const float* weight, float* y, long long y_stride,
                                float* rstd, int cols, float eps) {
  row_norm::plain<float, float>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, nullptr},
                                {y, y_stride}, {nullptr, rstd}, cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
    rms_norm_portable_plain_bf16(const bf16* x, long long x_stride, const bf16* branch, long long branch_stride,
                                 bf16* sum, long long sum_stride, const bf16* weight, bf16* y, long long y_stride,
                                 float* rstd, int cols, float eps) {
  row_norm::plain<bf16, bf16>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, nullptr},
                              {y, y_stride}, {nullptr, rstd}, cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
    rms_norm_portable_plain_bf16_weight_f32(const bf16* x, long long x_stride, const bf16* branch,
                                            long long branch_stride, bf16* sum, long long sum_stride,
                                            const float* weight, bf16* y, long long y_stride, float* rstd, int cols,
                                            float eps) {
  row_norm::plain<bf16, float>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, nullptr},
                               {y, y_stride}, {nullptr, rstd}, cols, eps);
}
