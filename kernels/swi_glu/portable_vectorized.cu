// y = silu(gate) up, (rows, cols), silu(x) = x / (1 + exp(-x)); rows may be strided, as where gate and up are halves of
// one projection's output.
//
// Idea:     16-byte accesses, four in flight per thread. Threads are dealt runs of 16 bytes and find row and column by
//           one division per run, so that narrow rows leave no thread idle.
// Replaces: nothing.
// Needs:    at most 2^31 - 1 columns and 2^32 - 1 runs where rows are strided.
// Launch:   grid ceil(rows * runs / 512), runs = ceil((cols + w - 1) / w), w = elements in 16 bytes; 256 threads.
//           Dense operands are passed as one row.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: x / (1 + 2^w), see common/activation.cuh; one rounding to the storage type.
#include "common/activation.cuh"
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void swi_glu(Matrix<const T> gate, Matrix<const T> up, Matrix<T> y, int rows,
                                        long long cols) {
  elementwise<T, 2>({gate, up}, {y}, rows, cols,
                    [](const float(&x)[2], float(&out)[1]) { out[0] = activation::silu(x[0]) * x[1]; });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    swi_glu_portable_vectorized_f32(const float* gate, long long gate_stride, const float* up, long long up_stride,
                                    float* y, long long y_stride, int rows, long long cols) {
  swi_glu<float>({gate, gate_stride}, {up, up_stride}, {y, y_stride}, rows, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    swi_glu_portable_vectorized_bf16(const bf16* gate, long long gate_stride, const bf16* up, long long up_stride,
                                     bf16* y, long long y_stride, int rows, long long cols) {
  swi_glu<bf16>({gate, gate_stride}, {up, up_stride}, {y, y_stride}, rows, cols);
}
