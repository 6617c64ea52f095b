// The floats of 8 bits, widened by integer arithmetic, which every GPU has. Rounding to them is nobody's need here.
#pragma once
#include <cuda_fp16.h>

#include <cstdint>

namespace fp8 {

// Four bits of exponent, three of fraction, no infinities: only all ones is no number.
struct e4m3 {
  uint8_t bits;

  // An exponent field of zero counts as one without the implicit bit; else the fields move to f32's places, and a
  // product with 2^120 makes the one bias of the other.
  __device__ __forceinline__ operator float() const {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x80u) << 24;
    const uint32_t magnitude = bits & 0x7fu;
    if (magnitude == 0x7fu) return __uint_as_float(0x7fffffffu);
    return __uint_as_float(sign | __float_as_uint(__uint_as_float(magnitude << 20) * 0x1p120f));
  }
};

// Five and two, the upper half of an f16.
struct e5m2 {
  uint8_t bits;

  __device__ __forceinline__ operator float() const {
    return __half2float(__ushort_as_half(static_cast<unsigned short>(bits << 8)));
  }
};

}  // namespace fp8
