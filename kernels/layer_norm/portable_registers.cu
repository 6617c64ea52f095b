// mean and rstd = 1 / sqrt(var + eps) of each row of x (rows, cols), var the biased variance;
// y = (x - mean) rstd weight + bias.
// Rows may be strided. Where a sum is given, x + branch goes there first and is what the norm takes.
//
// Idea:     a row stays in the registers of its team of threads, so that memory is read once and written once; 16-byte
//           accesses, four in flight per thread. x passes by L1, which keeps the weights.
// Replaces: portable_plain, which reads each row three times, an element at a time.
// Needs:    at most 4096 runs of 16 bytes per row.
// Launch:   teams of `lanes` threads, a power of two up to 32 or whole warps, of four runs each; blocks of one team, or
//           of 128 threads where teams are smaller; grid ceil(rows / teams).
// Limits:   rows of an odd width read the weights element by element.
// Numerics: f32; the variance is that of centred values.
#include "common/norm.cuh"

extern "C" __global__ void __launch_bounds__(1024)
    layer_norm_portable_registers_f32(const float* x, long long x_stride, const float* branch, long long branch_stride,
                                      float* sum, long long sum_stride, const float* weight, const float* bias,
                                      float* y, long long y_stride, float* mean, float* rstd, int rows, int cols,
                                      float eps, int lanes) {
  row_norm::held<float, float>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, bias},
                               {y, y_stride}, {mean, rstd}, rows, cols, eps, lanes);
}

extern "C" __global__ void __launch_bounds__(1024)
    layer_norm_portable_registers_bf16(const bf16* x, long long x_stride, const bf16* branch, long long branch_stride,
                                       bf16* sum, long long sum_stride, const bf16* weight, const bf16* bias, bf16* y,
                                       long long y_stride, float* mean, float* rstd, int rows, int cols, float eps,
                                       int lanes) {
  row_norm::held<bf16, bf16>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, bias}, {y, y_stride},
                             {mean, rstd}, rows, cols, eps, lanes);
}

extern "C" __global__ void __launch_bounds__(1024)
    layer_norm_portable_registers_bf16_weight_f32(const bf16* x, long long x_stride, const bf16* branch,
                                                  long long branch_stride, bf16* sum, long long sum_stride,
                                                  const float* weight, const float* bias, bf16* y, long long y_stride,
                                                  float* mean, float* rstd, int rows, int cols, float eps, int lanes) {
  row_norm::held<bf16, float>({x, x_stride}, {{branch, branch_stride}, {sum, sum_stride}}, {weight, bias},
                              {y, y_stride}, {mean, rstd}, rows, cols, eps, lanes);
}
