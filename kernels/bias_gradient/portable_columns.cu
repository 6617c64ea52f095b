// dbias += sum of the rows of dy (rows, cols); rows may be strided.
//
// Idea:     each thread adds up a 16-byte run of columns over its share of the rows, four rows in flight; a block adds
//           up its threads' sums in shared memory, and a second launch those of the blocks: no atomics, the same bits
//           on every run.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   `part`: grid (ceil(runs / lanes), parts) with runs = ceil(cols / w), w = elements in 16 bytes; 256 threads:
//           lanes (a power of two up to 32) runs by 256 / lanes rows; part is (parts, cols).
//           `sum`: grid ceil(cols / 32); 256 threads.
// Limits:   rows that do not start at a multiple of 16 bytes are read element by element.
// Numerics: f32, in an order that depends on the shape and on `parts`.
#include "common/columns.cuh"
#include "common/vector.cuh"

namespace {

constexpr int kThreads = 256;
constexpr int kInFlight = 4;

template <class T>
__device__ __forceinline__ void add_rows(Matrix<const T> dy, float* part, int rows, int cols, int lanes) {
  constexpr int N = kWidth<T>;
  __shared__ float sums[N][kThreads];
  const int teams = kThreads / lanes;
  const int team = static_cast<int>(threadIdx.x) / lanes;
  const int run = blockIdx.x * lanes + static_cast<int>(threadIdx.x) % lanes;
  const int step = gridDim.y * teams;

  float sum[N] = {};
  for (int r = blockIdx.y * teams + team; r < rows; r += kInFlight * step) {
    Run<T> runs[kInFlight];
#pragma unroll
    for (int k = 0; k < kInFlight; k++) {
      const int row = r + k * step;
      runs[k] = dy.template row<N>(row < rows ? row : r, row < rows ? cols : 0, 0).stream(run);
    }
#pragma unroll
    for (int k = 0; k < kInFlight; k++) {
      float v[N];
      runs[k].get(v);
#pragma unroll
      for (int i = 0; i < N; i++) sum[i] += v[i];
    }
  }
#pragma unroll
  for (int i = 0; i < N; i++) sums[i][threadIdx.x] = sum[i];
  __syncthreads();
  if (team > 0) return;
  for (int t = 1; t < teams; t++) {
#pragma unroll
    for (int i = 0; i < N; i++) sum[i] += sums[i][threadIdx.x + t * lanes];
  }
  const long long at = static_cast<long long>(blockIdx.y) * cols;
#pragma unroll
  for (int i = 0; i < N; i++)
    if (run * N + i < cols) part[at + run * N + i] = sum[i];
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads)
    bias_gradient_portable_columns_part_f32(const float* dy, long long dy_stride, float* part, int rows, int cols,
                                            int lanes) {
  add_rows<float>({dy, dy_stride}, part, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(kThreads)
    bias_gradient_portable_columns_part_bf16(const bf16* dy, long long dy_stride, float* part, int rows, int cols,
                                             int lanes) {
  add_rows<bf16>({dy, dy_stride}, part, rows, cols, lanes);
}

extern "C" __global__ void __launch_bounds__(columns::kThreads)
    bias_gradient_portable_columns_sum(const float* part, float* dbias, int parts, int cols) {
  columns::add_sums(part, parts, cols, dbias);
}
