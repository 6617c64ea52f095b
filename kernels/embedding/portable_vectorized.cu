// y[r] = table[tokens[r]] + positions[r mod T], the latter where there are positions; table (vocab, cols),
// positions (T, cols), y (rows, cols). A token outside [0, vocab) gives a row of NaN.
//
// Idea:     16-byte accesses, two rows' runs in flight per thread. Threads are dealt runs of 16 bytes and find row and
//           column by one division per run, so that narrow rows leave no thread idle.
// Replaces: nothing.
// Needs:    operands without gaps, and at most 2^32 - 1 runs.
// Launch:   grid ceil(rows * runs / 512), runs = ceil(cols / w), w = elements in 16 bytes; 256 threads. `_positions`
//           where there are positions.
// Limits:   rows that are no multiple of 16 bytes are read element by element.
// Numerics: exact without positions; one f32 addition, rounded to the storage type, with them.
#include "common/vector.cuh"

namespace {

constexpr int kRuns = 2;

template <class T>
__device__ __forceinline__ void embedding(const int* tokens, const T* table, const T* positions, T* y, int rows,
                                          int vocab, int period, int cols) {
  constexpr int N = kWidth<T>;
  const unsigned runs = (cols + N - 1) / N;
  const long long from = static_cast<long long>(blockIdx.x) * (kRuns * blockDim.x) + threadIdx.x;

  int row[kRuns], run[kRuns], token[kRuns];
  Run<T> held[kRuns], shift[kRuns];
#pragma unroll
  for (int k = 0; k < kRuns; k++) {
    const unsigned item = static_cast<unsigned>(from + k * blockDim.x);
    row[k] = from + k * blockDim.x < static_cast<long long>(rows) * runs ? static_cast<int>(item / runs) : rows;
    run[k] = static_cast<int>(item % runs);
    token[k] = row[k] < rows ? tokens[row[k]] : -1;
  }
#pragma unroll
  for (int k = 0; k < kRuns; k++) {
    const bool known = token[k] >= 0 && token[k] < vocab;
    held[k] = Row<const T, N>(table + (known ? static_cast<long long>(token[k]) * cols : 0), known ? cols : 0, 0)
                  .load(run[k]);
    if (positions != nullptr && row[k] < rows)
      shift[k] = Row<const T, N>(positions + static_cast<long long>(row[k] % period) * cols, cols, 0).load(run[k]);
  }
#pragma unroll
  for (int k = 0; k < kRuns; k++) {
    if (row[k] >= rows) break;
    float v[N];
    held[k].get(v);
    if (positions != nullptr) {
      float p[N];
      shift[k].get(p);
#pragma unroll
      for (int i = 0; i < N; i++) v[i] += p[i];
    }
    if (token[k] < 0 || token[k] >= vocab) {
#pragma unroll
      for (int i = 0; i < N; i++) v[i] = widen(not_a_number<float>());
    }
    Row<T, N>(y + static_cast<long long>(row[k]) * cols, cols, 0).store(run[k], v);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    embedding_portable_vectorized_f32(const int* tokens, const float* table, float* y, int rows, int vocab, int cols) {
  embedding<float>(tokens, table, nullptr, y, rows, vocab, 1, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_portable_vectorized_bf16(const int* tokens, const bf16* table, bf16* y, int rows, int vocab, int cols) {
  embedding<bf16>(tokens, table, nullptr, y, rows, vocab, 1, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_portable_vectorized_f32_positions(const int* tokens, const float* table, const float* positions, float* y,
                                                int rows, int vocab, int period, int cols) {
  embedding<float>(tokens, table, positions, y, rows, vocab, period, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_portable_vectorized_bf16_positions(const int* tokens, const bf16* table, const bf16* positions, bf16* y,
                                                 int rows, int vocab, int period, int cols) {
  embedding<bf16>(tokens, table, positions, y, rows, vocab, period, cols);
}
