// Storage types, f32 and bf16. Arithmetic is f32 everywhere: a value is widened when read, and rounded to nearest when
// written.
#pragma once
#include <cuda_bf16.h>

#include <cstdint>

using bf16 = __nv_bfloat16;

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ float widen(bf16 x) { return __bfloat162float(x); }

template <class T>
__device__ __forceinline__ T narrow(float x);
template <>
__device__ __forceinline__ float narrow<float>(float x) {
  return x;
}
template <>
__device__ __forceinline__ bf16 narrow<bf16>(float x) {
  return __float2bfloat16_rn(x);
}

// A NaN of the type, for rows that an op defines as NaN.
template <class T>
__device__ __forceinline__ T not_a_number() {
  return narrow<T>(__uint_as_float(0x7fc00000u));
}
