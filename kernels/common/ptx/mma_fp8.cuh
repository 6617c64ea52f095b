// Tensor core products of factors of 8 bits; fragments as in mma.cuh, four elements a register. sm_89 and newer.
#pragma once
#include <cstdint>

namespace ptx {

// d (16, 8) f32 += a (16, 32) row-major * b (32, 8) column-major, four elements a register, first in the low byte.
// a[0] row g, k 4t..4t+3; a[1] row g+8; a[2] row g, k+16; a[3] row g+8, k+16. b[0] k 4t..4t+3, column g; b[1] k+16.
// d as in mma_m16n8k16_bf16. PTX ISA, "Matrix Fragments for mma.m16n8k32", types from 8.4 on.
__device__ __forceinline__ void mma_m16n8k32_e4m3(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef RIDGELINE_STANDIN
  standin::mma(standin::Factors::e4m3, d, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// The same with a of e5m2 and b of e4m3.
__device__ __forceinline__ void mma_m16n8k32_e5m2(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef RIDGELINE_STANDIN
  standin::mma(standin::Factors::e5m2, d, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

}  // namespace ptx
