// With g = dy weight and n = x rstd, of x and dy (rows, cols): dx = rstd (g - n mean(g n)), dweight += sum over rows of
// dy n. Rows may be strided. A residual, which may be dx, is
// added to dx.
//
// Idea:     one pass for all gradients: a team of threads walks over rows, keeps its share of the column sums in
//           registers and has the next row under way while it works on one. The sums of a block's teams are added up
//           in shared memory, those of the blocks by a second launch: no atomics, the same bits on every run.
// Replaces: portable_plain, which reads x and dy three times, an element at a time.
// Needs:    at most 1024 runs of 16 bytes per row.
// Launch:   `rows`: teams of `lanes` threads, whole warps, of two runs each; as many teams to a block as fit in 512
//           threads; any grid, one block per multiprocessor fills it; part is (blocks, cols).
//           `sum`: grid ceil(cols / 32); 256 threads.
// Limits:   rows that do not start at a multiple of 16 bytes are read element by element.
// Numerics: f32, in an order that depends on the shape and the grid.
#include "common/norm_backward.cuh"

extern "C" __global__ void __launch_bounds__(row_norm::kBackwardThreads, 1)
    rms_norm_backward_portable_registers_rows_f32(const float* x, long long x_stride, const float* weight,
                                                  const float* rstd, const float* dy, long long dy_stride, float* dx,
                                                  long long dx_stride, const float* residual, long long residual_stride,
                                                  float* part, int rows, int cols, int lanes) {
  row_norm::held_backward<float, float, false>({x, x_stride}, weight, {nullptr, rstd}, {dy, dy_stride}, {dx, dx_stride},
                                               {residual, residual_stride}, part, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(row_norm::kBackwardThreads, 1)
    rms_norm_backward_portable_registers_rows_bf16(const bf16* x, long long x_stride, const bf16* weight,
                                                   const float* rstd, const bf16* dy, long long dy_stride, bf16* dx,
                                                   long long dx_stride, const bf16* residual, long long residual_stride,
                                                   float* part, int rows, int cols, int lanes) {
  row_norm::held_backward<bf16, bf16, false>({x, x_stride}, weight, {nullptr, rstd}, {dy, dy_stride}, {dx, dx_stride},
                                             {residual, residual_stride}, part, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(row_norm::kBackwardThreads, 1)
    rms_norm_backward_portable_registers_rows_bf16_weight_f32(const bf16* x, long long x_stride, const float* weight,
                                                              const float* rstd, const bf16* dy, long long dy_stride,
                                                              bf16* dx, long long dx_stride, const bf16* residual,
                                                              long long residual_stride, float* part, int rows,
                                                              int cols, int lanes) {
  row_norm::held_backward<bf16, float, false>({x, x_stride}, weight, {nullptr, rstd}, {dy, dy_stride}, {dx, dx_stride},
                                              {residual, residual_stride}, part, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(columns::kThreads)
    rms_norm_backward_portable_registers_sum(const float* part, float* dweight, int parts, int cols) {
  columns::add_sums(part, parts, cols, dweight);
}
