// Stochastic rounding to bf16, bit for bit that of op/Dither.java: 16 random bits, a function of a key and the element's
// number, are added below those that stay, which are then cut off.
#pragma once
#include <cstdint>

namespace dither {

// lowbias32 of Chris Wellons' hash-prospector.
__device__ __forceinline__ uint32_t mix(uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

// A value that bf16 has. `key` is a whole number below 2^24.
__device__ __forceinline__ float round(float value, float key, long long element) {
  const uint32_t bits = __float_as_uint(value);
  if ((bits & 0x7f800000u) == 0x7f800000u) return value;
  const uint32_t start =
      mix(static_cast<uint32_t>(key) + 0x9e3779b9u * static_cast<uint32_t>(static_cast<uint64_t>(element) >> 32));
  const uint32_t noise = mix(mix(static_cast<uint32_t>(element)) ^ start) >> 16;
  return __uint_as_float((bits + noise) & 0xffff0000u);
}

}  // namespace dither
