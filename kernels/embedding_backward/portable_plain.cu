// dtable[tokens[r]] += dy[r] and dpositions[r mod T] += dy[r] for rows r in order; dy (rows, cols), dtable (vocab,
// cols), dpositions (T, cols). A token outside [0, vocab) adds to dpositions only.
//
// Idea:     a thread per column walks down the rows.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(cols / 64); 64 threads. `_positions` where there are positions.
// Limits:   one addition waits for the one before, and most of the device is idle.
// Numerics: f32, rows in order.
#include "common/bf16.cuh"

namespace {

template <class T>
__device__ __forceinline__ void embedding_backward(const int* tokens, const T* dy, float* dtable, float* dpositions,
                                                   int rows, int vocab, int period, int cols) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= cols) return;
  for (int r = 0; r < rows; r++) {
    const float gradient = widen(dy[static_cast<long long>(r) * cols + c]);
    const int token = tokens[r];
    if (token >= 0 && token < vocab) dtable[static_cast<long long>(token) * cols + c] += gradient;
    if (dpositions != nullptr) dpositions[static_cast<long long>(r % period) * cols + c] += gradient;
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(64)
    embedding_backward_portable_plain_f32(const int* tokens, const float* dy, float* dtable, int rows, int vocab,
                                          int cols) {
  embedding_backward(tokens, dy, dtable, nullptr, rows, vocab, 1, cols);
}

extern "C" __global__ void __launch_bounds__(64)
    embedding_backward_portable_plain_bf16(const int* tokens, const bf16* dy, float* dtable, int rows, int vocab,
                                           int cols) {
  embedding_backward(tokens, dy, dtable, nullptr, rows, vocab, 1, cols);
}

extern "C" __global__ void __launch_bounds__(64)
    embedding_backward_portable_plain_f32_positions(const int* tokens, const float* dy, float* dtable,
                                                    float* dpositions, int rows, int vocab, int period, int cols) {
  embedding_backward(tokens, dy, dtable, dpositions, rows, vocab, period, cols);
}

extern "C" __global__ void __launch_bounds__(64)
    embedding_backward_portable_plain_bf16_positions(const int* tokens, const bf16* dy, float* dtable,
                                                     float* dpositions, int rows, int vocab, int period, int cols) {
  embedding_backward(tokens, dy, dtable, dpositions, rows, vocab, period, cols);
}
