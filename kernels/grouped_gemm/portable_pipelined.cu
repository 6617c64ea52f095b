// c_e = a_e · b_e for each expert e, on the rows [offsets[e], offsets[e + 1]) that came to it, bf16 operands, f32
// accumulation. NT: a (r, k), b (E, n, k), c (r, n). NN: b (E, k, n). TN: a (r, m), b (r, n), c (E, m, n).
//
// Idea: tensor cores. The ring of gemm/portable_pipelined for every expert in one launch, blocks dealt as in
//   portable_tiled. Tiles of 128 x 128 where experts have that many rows on average, else of 64 x 64.
// Replaces: portable_tiled, for bf16.
// Needs: bf16 operands without gaps.
// Launch: as portable_tiled with the entry's tile; block 128; shared bytes as below.
//   entry           tile        shared bytes
//   128x128         128 x 128   65536
//   64x64           64 x 64     32768
//   unaligned       64 x 64     32768
// Limits: the first two need operands that start on 16 bytes, and whose contiguous extent is a multiple of 8; any others
//   go to `unaligned`, which gathers element by element. ceil(n / tile) and, in TN, E are at most 65535.
// Numerics: one f32 accumulator an element, depth in ascending order; the same bits every run.
#include "common/experts.cuh"
#include "common/gemm_pipeline.cuh"

using gemm::Form;

#define RIDGELINE_ENTRY(name, form, TILE, ALIGNED)                                                                     \
  extern "C" __global__ void __launch_bounds__(128) grouped_gemm_portable_pipelined_##name##_bf16(                     \
      const __nv_bfloat16* a, const __nv_bfloat16* b, const int* offsets, void* c, int experts, int rows, int m,       \
      int n, int k, int flags) {                                                                                       \
    experts::dispatch<form, __nv_bfloat16>(                                                                            \
        {a, b, offsets, c, experts, m, n, k, flags}, TILE,                                                             \
        [](const auto&... of) { gemm::pipelined<form, TILE, TILE, 32, 2, 2, 4, ALIGNED>(of...); });                    \
  }

RIDGELINE_ENTRY(nt_128x128, Form::NT, 128, true)
RIDGELINE_ENTRY(nn_128x128, Form::NN, 128, true)
RIDGELINE_ENTRY(tn_128x128, Form::TN, 128, true)
RIDGELINE_ENTRY(nt_64x64, Form::NT, 64, true)
RIDGELINE_ENTRY(nn_64x64, Form::NN, 64, true)
RIDGELINE_ENTRY(tn_64x64, Form::TN, 64, true)
RIDGELINE_ENTRY(nt_unaligned, Form::NT, 64, false)
RIDGELINE_ENTRY(nn_unaligned, Form::NN, 64, false)
RIDGELINE_ENTRY(tn_unaligned, Form::TN, 64, false)
