// Activations and their slopes in f32, to a few units in the last place.
//
// Both are of the form x * s with s = 1 / (1 + e), e = 2^w: for e = inf, s is 0. Slopes need 1 - s, which is e * s
// without the cancellation; there w is capped, so that e * s * s is not inf * 0.
#pragma once
#include "common/ptx/math.cuh"

namespace activation {

constexpr float kLog2E = 1.4426950408889634f;
constexpr float kMostExponent = 60.0f;

// log2 exp(-2u) with u = sqrt(2/pi) (x + 0.044715 x^3).
__device__ __forceinline__ float gelu_exponent(float x) {
  constexpr float kLinear = -2.0f * 0.7978845608028654f * kLog2E;
  return x * (kLinear + 0.044715f * kLinear * (x * x));
}

// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)).
__device__ __forceinline__ float gelu(float x) { return __fdividef(x, 1.0f + ptx::ex2(gelu_exponent(x))); }

// s + x s (1 - s) (2u)'.
__device__ __forceinline__ float gelu_slope(float x) {
  constexpr float kSlope = 2.0f * 0.7978845608028654f;
  const float e = ptx::ex2(fminf(gelu_exponent(x), kMostExponent));
  const float s = __fdividef(1.0f, 1.0f + e);
  return s + x * (e * s) * s * (kSlope + 3.0f * 0.044715f * kSlope * (x * x));
}

// x / (1 + exp(-x)).
__device__ __forceinline__ float silu(float x) { return __fdividef(x, 1.0f + ptx::ex2(-kLog2E * x)); }

// silu(x), and its slope s (1 + x (1 - s)).
__device__ __forceinline__ float silu(float x, float& slope) {
  const float e = ptx::ex2(fminf(-kLog2E * x, kMostExponent));
  const float s = __fdividef(1.0f, 1.0f + e);
  slope = s + x * (e * s) * s;
  return x * s;
}

}  // namespace activation
