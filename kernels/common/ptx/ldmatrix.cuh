// Shared memory to fragments: 8 x 8 matrices of 16-bit elements, each row 16 contiguous bytes, 16-byte aligned.
// Lane i passes the address of row i % 8 of matrix i / 8; with g = lane / 4, t = lane % 4 a lane receives in r[j]
// the elements (g, 2t) and (g, 2t + 1) of matrix j; transposed, the elements (2t, g) and (2t + 1, g).
#pragma once
#include <cstdint>

namespace ptx {

#ifndef RIDGELINE_STANDIN
__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}
#endif

// Four matrices; every lane passes a row.
// PTX ISA, "Warp-level matrix instructions: ldmatrix".
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
#ifdef RIDGELINE_STANDIN
  standin::ldmatrix(r, 4, row, false);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
#endif
}

// Four matrices, each transposed on the way.
// PTX ISA, "Warp-level matrix instructions: ldmatrix", .trans.
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) {
#ifdef RIDGELINE_STANDIN
  standin::ldmatrix(r, 4, row, true);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
#endif
}

// Two matrices; lanes 0 to 15 pass the rows, the addresses of the others are not used.
// PTX ISA, "Warp-level matrix instructions: ldmatrix".
__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], const void* row) {
#ifdef RIDGELINE_STANDIN
  standin::ldmatrix(r, 2, row, false);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
#endif
}

// Two matrices, each transposed on the way.
// PTX ISA, "Warp-level matrix instructions: ldmatrix", .trans.
__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row) {
#ifdef RIDGELINE_STANDIN
  standin::ldmatrix(r, 2, row, true);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
#endif
}

}  // namespace ptx
