// One step of Adam with decoupled weight decay over n elements; with g = gradient scalars[3]:
//   m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
//   parameter -= scalars[0] ((m / scalars[1]) / (sqrt(v / scalars[2]) + eps) + decay parameter)
// and copy = parameter in bf16. scalars, f32 in device memory: learning rate, 1 - beta1^t, 1 - beta2^t, gradient scale,
// and the key of the step for stochastic rounding.
//
// Idea:     everything in one pass, runs of four elements, eight accesses in flight per thread.
// Replaces: nothing.
// Needs:    operands without gaps.
// Launch:   grid ceil(runs / 512), runs = ceil((n + 3) / 4); 256 threads. `_copy` where there is a bf16 copy,
//           `_dithered_copy` where it is rounded stochastically.
// Limits:   operands at different distances from a multiple of 16 bytes are read element by element.
// Numerics: f32 with correctly rounded divisions and square root; the copy is rounded to nearest, or by common/dither.cuh.
#include "common/dither.cuh"
#include "common/vector.cuh"

namespace {

constexpr int kRuns = 2;
constexpr int kElements = 4;

struct Step {
  float rate, first, second, scale;
  float beta1, rest1, beta2, rest2, eps, decay;

  __device__ __forceinline__ Step(const float* scalars, float beta1, float rest1, float beta2, float rest2, float eps,
                                  float decay)
      : rate(scalars[0]),
        first(1.0f / scalars[1]),
        second(1.0f / scalars[2]),
        scale(scalars[3]),
        beta1(beta1),
        rest1(rest1),
        beta2(beta2),
        rest2(rest2),
        eps(eps),
        decay(decay) {}

  __device__ __forceinline__ void on(float& parameter, float& m, float& v, float gradient) const {
    const float g = gradient * scale;
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
    parameter -= rate * (m * first / (sqrtf(v * second) + eps) + decay * parameter);
  }
};

// `key` is of the step's dither; null where the copy is rounded to nearest.
template <class G>
__device__ __forceinline__ void adam_w(const Step& step, float* parameter, const G* gradient, float* m, float* v,
                                       bf16* copy, const float* key, long long n) {
  const int lead = lead_of(parameter);
  const Row<float, kElements, long long> to_parameter(parameter, n, lead), to_m(m, n, lead), to_v(v, n, lead);
  const Row<const G, kElements, long long> from_gradient(gradient, n, lead);
  const long long from = static_cast<long long>(blockIdx.x) * (kRuns * blockDim.x) + threadIdx.x;

  Run<float, kElements> held[kRuns][3];
  Run<G, kElements> gradients[kRuns];
#pragma unroll
  for (int k = 0; k < kRuns; k++) {
    const long long p = from + k * blockDim.x;
    if (p >= to_parameter.runs()) break;
    held[k][0] = to_parameter.load(p);
    held[k][1] = to_m.load(p);
    held[k][2] = to_v.load(p);
    gradients[k] = from_gradient.load(p);
  }
#pragma unroll
  for (int k = 0; k < kRuns; k++) {
    const long long p = from + k * blockDim.x;
    if (p >= to_parameter.runs()) break;
    float x[3][kElements];
    float g[kElements];
#pragma unroll
    for (int i = 0; i < 3; i++) held[k][i].get(x[i]);
    gradients[k].get(g);
#pragma unroll
    for (int i = 0; i < kElements; i++) step.on(x[0][i], x[1][i], x[2][i], g[i]);
    to_parameter.store(p, x[0]);
    to_m.store(p, x[1]);
    to_v.store(p, x[2]);
    if (copy == nullptr) continue;
    if (key != nullptr) {
#pragma unroll
      for (int i = 0; i < kElements; i++) x[0][i] = dither::round(x[0][i], *key, to_parameter.first(p) + i);
    }
    Row<bf16, kElements, long long>(copy, n, lead).store(p, x[0]);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    adam_w_portable_vectorized_f32(float* parameter, const float* gradient, float* m, float* v, const float* scalars,
                                   long long n, float beta1, float rest1, float beta2, float rest2, float eps,
                                   float decay) {
  adam_w(Step(scalars, beta1, rest1, beta2, rest2, eps, decay), parameter, gradient, m, v, nullptr, nullptr, n);
}

extern "C" __global__ void __launch_bounds__(256)
    adam_w_portable_vectorized_bf16(float* parameter, const bf16* gradient, float* m, float* v, const float* scalars,
                                    long long n, float beta1, float rest1, float beta2, float rest2, float eps,
                                    float decay) {
  adam_w(Step(scalars, beta1, rest1, beta2, rest2, eps, decay), parameter, gradient, m, v, nullptr, nullptr, n);
}

extern "C" __global__ void __launch_bounds__(256)
    adam_w_portable_vectorized_f32_copy(float* parameter, const float* gradient, float* m, float* v,
                                        const float* scalars, bf16* copy, long long n, float beta1, float rest1,
                                        float beta2, float rest2, float eps, float decay) {
  adam_w(Step(scalars, beta1, rest1, beta2, rest2, eps, decay), parameter, gradient, m, v, copy, nullptr, n);
}

extern "C" __global__ void __launch_bounds__(256)
    adam_w_portable_vectorized_bf16_copy(float* parameter, const bf16* gradient, float* m, float* v,
                                         const float* scalars, bf16* copy, long long n, float beta1, float rest1,
                                         float beta2, float rest2, float eps, float decay) {
  adam_w(Step(scalars, beta1, rest1, beta2, rest2, eps, decay), parameter, gradient, m, v, copy, nullptr, n);
}

extern "C" __global__ void __launch_bounds__(256)
    adam_w_portable_vectorized_f32_dithered_copy(float* parameter, const float* gradient, float* m, float* v,
                                                 const float* scalars, bf16* copy, long long n, float beta1,
                                                 float rest1, float beta2, float rest2, float eps, float decay) {
  adam_w(Step(scalars, beta1, rest1, beta2, rest2, eps, decay), parameter, gradient, m, v, copy, scalars + 4, n);
}

extern "C" __global__ void __launch_bounds__(256)
    adam_w_portable_vectorized_bf16_dithered_copy(float* parameter, const bf16* gradient, float* m, float* v,
                                                  const float* scalars, bf16* copy, long long n, float beta1,
                                                  float rest1, float beta2, float rest2, float eps, float decay) {
  adam_w(Step(scalars, beta1, rest1, beta2, rest2, eps, decay), parameter, gradient, m, v, copy, scalars + 4, n);
}
