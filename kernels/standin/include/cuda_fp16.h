// f16 for the stand-in: the bits, and the conversions that kernels use.
#pragma once

struct __half {
  unsigned short bits;
  __half() = default;
  __half(float f) : bits(standin::bit_cast<unsigned short>(static_cast<_Float16>(f))) {}
  operator float() const { return standin::bit_cast<_Float16>(bits); }
};
using half = __half;

inline __half __float2half_rn(float f) { return f; }
inline float __half2float(__half h) { return h; }
inline __half __ushort_as_half(unsigned short bits) {
  __half h;
  h.bits = bits;
  return h;
}
inline unsigned short __half_as_ushort(__half h) { return h.bits; }
