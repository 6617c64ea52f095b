#pragma once

namespace ptx {

// 2^x with a relative error of at most 2^-22; subnormal inputs and results become zero.
// PTX ISA, "Floating Point Instructions: ex2", .approx.ftz.f32.
__device__ __forceinline__ float ex2(float x) {
#ifdef RIDGELINE_STANDIN
  return standin::ex2(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}

}  // namespace ptx
