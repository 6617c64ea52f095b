// Global memory in 16-byte pieces, 16-byte aligned.
#pragma once

namespace ptx {

// Reads what nothing writes while the kernel runs, and leaves the L1 cache to others.
// PTX ISA, "Data Movement and Conversion Instructions: ld.global.nc", .L1::no_allocate.
__device__ __forceinline__ uint4 ld_global_nc_16(const void* p) {
#ifdef RIDGELINE_STANDIN
  return standin::ld_global_nc_16(p);
#else
  uint4 v;
  asm("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
      : "l"(__cvta_generic_to_global(p)));
  return v;
#endif
}

// Writes 16 bytes.
// PTX ISA, "Data Movement and Conversion Instructions: st", .global.v4.
__device__ __forceinline__ void st_global_16(void* p, uint4 v) {
#ifdef RIDGELINE_STANDIN
  standin::st_global_16(p, v);
#else
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
               :
               : "l"(__cvta_generic_to_global(p)), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
               : "memory");
#endif
}

}  // namespace ptx
