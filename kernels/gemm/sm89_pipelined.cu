// c (m, n) = a · b in the form NT, e4m3 operands or e5m2 by e4m3, f32 accumulation, with an epilogue; a batch of them.
//
// Idea: half the bytes an element, twice the depth a tensor core instruction. Where depth is contiguous, two neighbours
//   of 8 bits travel as one of 16: copies, swizzle and ldmatrix are those of portable_pipelined at half the depth, and
//   mma.m16n8k32 finds its fragments where m16n8k16 has them.
// Replaces: portable_plain, for 8 bits.
// Needs: the form nt, and rows of both operands that start on 16 bytes and are a multiple of it long.
// Launch: grid (tiles of m * tiles of n, 1, batch), block 32 threads a warp, shared bytes as below.
//   entry           tile        warps  stages  shared bytes
//   128x128         128 x 128   8      4       65536
//   64x64           64 x 64     8      4       32768
// Limits: on sm_90 mma.sync of 8 bits multiplies as that of 16 (MMA-Sim, arXiv 2511.10909), and ptxas takes more
//   registers for it, why warp tiles are smaller than portable_pipelined's. The full rate there takes wgmma.
// Numerics: depth in ascending order; the same bits every run. sm_89 keeps 13 bits behind the point of a sum.
#include "common/fp8.cuh"
#include "common/gemm_pipeline.cuh"
#include "common/gemm_raster.cuh"
#include "common/ptx/mma_fp8.cuh"

namespace tile {

template <>
struct Multiply<fp8::e4m3> {
  __device__ static __forceinline__ void add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k32_e4m3(d, a, b);
  }
};

template <>
struct Multiply<fp8::e5m2> {
  __device__ static __forceinline__ void add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k32_e5m2(d, a, b);
  }
};

}  // namespace tile

namespace {

using gemm::Form;

template <int M, int N, int WarpsM, int WarpsN, typename Factor>
__device__ __forceinline__ void product(const uint8_t* a, long long lda, const uint8_t* b, long long ldb,
                                        const gemm::Output& output, int k) {
  const int2 at = gemm::rasterise(blockIdx.x, (output.m + M - 1) / M, (output.n + N - 1) / N);
  gemm::pipelined<Form::NT, M, N, 32, WarpsM, WarpsN, 4, true, Factor>(
      at, reinterpret_cast<const tile::bf16*>(a), lda / 2, reinterpret_cast<const tile::bf16*>(b), ldb / 2, output,
      k / 2);
}

}  // namespace

#define RIDGELINE_ENTRY(name, M, N, WARPS_M, WARPS_N, Factor)                                                          \
  extern "C" __global__ void __launch_bounds__(WARPS_M* WARPS_N * 32) gemm_sm89_pipelined_nt_##name(                   \
      const uint8_t* a, long long lda, long long stride_a, const uint8_t* b, long long ldb, long long stride_b,        \
      void* c, long long ldc, long long stride_c, const void* bias, void* preactivation, long long ldp,                \
      long long stride_p, int m, int n, int k, int flags) {                                                            \
    const gemm::Output output(c, ldc, stride_c, bias, preactivation, ldp, stride_p, m, n, flags);                      \
    product<M, N, WARPS_M, WARPS_N, Factor>(a + blockIdx.z * stride_a, lda, b + blockIdx.z * stride_b, ldb, output,    \
                                            k);                                                                        \
  }

RIDGELINE_ENTRY(128x128_e4m3, 128, 128, 2, 4, fp8::e4m3)
RIDGELINE_ENTRY(64x64_e4m3, 64, 64, 2, 4, fp8::e4m3)
RIDGELINE_ENTRY(128x128_e5m2, 128, 128, 2, 4, fp8::e5m2)
RIDGELINE_ENTRY(64x64_e5m2, 64, 64, 2, 4, fp8::e5m2)
