// c_e = a_e · b_e for each expert e, on the rows [offsets[e], offsets[e + 1]) that came to it, f32 or bf16 operands, f32
// accumulation. NT: a (r, k), b (E, n, k), c (r, n). NN: b (E, k, n). TN: a (r, m), b (r, n), c (E, m, n).
//
// Idea: the tile of gemm/portable_tiled for every expert in one launch. The grid has room for the most tiles that r rows
//   of E experts can make; a block finds its expert by a scan of the offsets, 32 experts at a time, and blocks without
//   a tile leave. The host never learns how the rows fell, so a step can be captured as a graph.
// Replaces: portable_plain, which reads two elements for every multiply-add.
// Needs: operands without gaps.
// Launch: NT, NN: grid (most tiles, ceil(n / 128)), most tiles = floor((r + min(E, r) * 127) / 128); TN: grid
//   (ceil(m / 128), ceil(n / 128), E); block 256, no dynamic shared memory (16896 bytes static).
// Limits: ceil(n / 128) and, in TN, E are at most 65535. An expert with few rows wastes most of its tile.
// Numerics: one f32 accumulator an element, depth in ascending order, fused multiply-adds; the same bits every run.
//   Nothing is rounded to tf32, which the tolerance of an f32 product excludes.
#include "common/experts.cuh"
#include "common/gemm_tiled.cuh"

using gemm::Form;

#define RIDGELINE_ENTRY(name, form, T)                                                                                 \
  extern "C" __global__ void __launch_bounds__(gemm::tiled::kThreads, 2) grouped_gemm_portable_tiled_##name(           \
      const T* a, const T* b, const int* offsets, void* c, int experts, int rows, int m, int n, int k, int flags) {    \
    experts::dispatch<form, T>({a, b, offsets, c, experts, m, n, k, flags}, gemm::tiled::kTile,                        \
                               [](const auto&... of) { gemm::tiled::product<T, form>(of...); });                       \
  }

RIDGELINE_ENTRY(nt_f32, Form::NT, float)
RIDGELINE_ENTRY(nn_f32, Form::NN, float)
RIDGELINE_ENTRY(tn_f32, Form::TN, float)
RIDGELINE_ENTRY(nt_bf16, Form::NT, __nv_bfloat16)
RIDGELINE_ENTRY(nn_bf16, Form::NN, __nv_bfloat16)
RIDGELINE_ENTRY(tn_bf16, Form::TN, __nv_bfloat16)
