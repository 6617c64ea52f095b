// Two floats to two bf16 or f16 in one register.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace ptx {

// Both rounded to nearest, `low` into the low half.
// PTX ISA, 9.7.9 "Data Movement and Conversion Instructions: cvt", .rn.bf16x2.f32.
__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
#ifdef RIDGELINE_STANDIN
  return static_cast<uint32_t>(__bfloat16_as_ushort(__float2bfloat16_rn(high))) << 16 |
         __bfloat16_as_ushort(__float2bfloat16_rn(low));
#else
  uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
#endif
}

// The same to f16.
// PTX ISA, 9.7.9 "Data Movement and Conversion Instructions: cvt", .rn.f16x2.f32.
__device__ __forceinline__ uint32_t pack_f16(float low, float high) {
#ifdef RIDGELINE_STANDIN
  return static_cast<uint32_t>(__half_as_ushort(__float2half_rn(high))) << 16 | __half_as_ushort(__float2half_rn(low));
#else
  uint32_t both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
#endif
}

}  // namespace ptx
