// Sums down the columns of an f32 matrix, in a fixed order.
#pragma once

namespace columns {

constexpr int kColumns = 32;
constexpr int kThreads = 256;

// out[c] += sum of part[r, c] over rows r; a block of kThreads for every kColumns columns.
__device__ __forceinline__ void add_sums(const float* part, int rows, int cols, float* out) {
  constexpr int kRows = kThreads / kColumns;
  __shared__ float sums[kRows][kColumns];
  const int x = static_cast<int>(threadIdx.x) % kColumns;
  const int y = static_cast<int>(threadIdx.x) / kColumns;
  const int c = blockIdx.x * kColumns + x;
  float sum = 0.0f;
  if (c < cols)
    for (int r = y; r < rows; r += kRows) sum += part[static_cast<long long>(r) * cols + c];
  sums[y][x] = sum;
  __syncthreads();
  if (y > 0 || c >= cols) return;
  for (int k = 1; k < kRows; k++) sum += sums[k][x];
  out[c] += sum;
}

}  // namespace columns
