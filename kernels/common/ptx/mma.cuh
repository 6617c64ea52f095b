// Tensor core products of one warp. Each lane holds a part of every matrix (its fragment); with
// g = lane / 4 and t = lane % 4 the parts are those in the comments. All 32 lanes call together.
#pragma once
#include <cstdint>

namespace ptx {

// d (16, 8) f32 += a (16, 16) bf16 row-major * b (16, 8) bf16 column-major, two bf16 a register, low half first.
// a[0] rows g, k 2t..2t+1; a[1] row g+8; a[2] row g, k+8; a[3] row g+8, k+8. b[0] k 2t..2t+1, column g; b[1] k+8.
// d[0], d[1] row g, columns 2t, 2t+1; d[2], d[3] row g+8.
// PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type".
__device__ __forceinline__ void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef RIDGELINE_STANDIN
  standin::mma(standin::Factors::bf16, d, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// The same of f16 factors.
__device__ __forceinline__ void mma_m16n8k16_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef RIDGELINE_STANDIN
  standin::mma(standin::Factors::f16, d, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// d (16, 8) f32 += a (16, 8) tf32 row-major * b (8, 8) tf32 column-major, one tf32 a register.
// a[0] row g, k t; a[1] row g+8; a[2] row g, k t+4; a[3] row g+8, k t+4. b[0] k t, column g; b[1] k t+4.
// d as above. The low 13 bits of a and b are not read: round with to_tf32 first, or they are cut off.
// PTX ISA, "Matrix Fragments for mma.m16n8k8".
__device__ __forceinline__ void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef RIDGELINE_STANDIN
  standin::mma(standin::Factors::tf32, d, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// The bits of x rounded to tf32 (10 bits of mantissa), ties away from zero.
// PTX ISA, "Data Movement and Conversion Instructions: cvt", .rna.tf32.f32.
__device__ __forceinline__ uint32_t to_tf32(float x) {
#ifdef RIDGELINE_STANDIN
  return standin::to_tf32(x);
#else
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
#endif
}

}  // namespace ptx
