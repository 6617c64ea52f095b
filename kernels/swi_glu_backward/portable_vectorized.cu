// dup = dy silu(gate), dgate = dy up silu'(gate), (rows, cols), silu'(x) = s (1 + x (1 - s)), s = 1 / (1 + exp(-x));
// rows may be strided, as where gate and up, or their gradients, are halves of one tensor.
//
// Idea:     as swi_glu/portable_vectorized, six 16-byte accesses in flight per thread.
// Replaces: nothing.
// Needs:    at most 2^31 - 1 columns and 2^32 - 1 runs where rows are strided.
// Launch:   grid ceil(rows * runs / 512), runs = ceil((cols + w - 1) / w), w = elements in 16 bytes; 256 threads.
//           Dense operands are passed as one row.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: 1 - s without cancellation, see common/activation.cuh; one rounding to the storage type.
#include "common/activation.cuh"
#include "common/elementwise.cuh"

namespace {

template <class T>
__device__ __forceinline__ void swi_glu_backward(Matrix<const T> gate, Matrix<const T> up, Matrix<const T> dy,
                                                 Matrix<T> dgate, Matrix<T> dup, int rows, long long cols) {
  elementwise<T, 2>({gate, up, dy}, {dgate, dup}, rows, cols, [](const float(&x)[3], float(&out)[2]) {
    float slope;
    const float silu = activation::silu(x[0], slope);
    out[0] = x[2] * x[1] * slope;
    out[1] = x[2] * silu;
  });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    swi_glu_backward_portable_vectorized_f32(const float* gate, long long gate_stride, const float* up,
                                             long long up_stride, const float* dy, long long dy_stride, float* dgate,
                                             long long dgate_stride, float* dup, long long dup_stride, int rows,
                                             long long cols) {
  swi_glu_backward<float>({gate, gate_stride}, {up, up_stride}, {dy, dy_stride}, {dgate, dgate_stride},
                          {dup, dup_stride}, rows, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    swi_glu_backward_portable_vectorized_bf16(const bf16* gate, long long gate_stride, const bf16* up,
                                              long long up_stride, const bf16* dy, long long dy_stride, bf16* dgate,
                                              long long dgate_stride, bf16* dup, long long dup_stride, int rows,
                                              long long cols) {
  swi_glu_backward<bf16>({gate, gate_stride}, {up, up_stride}, {dy, dy_stride}, {dgate, dgate_stride},
                         {dup, dup_stride}, rows, cols);
}
