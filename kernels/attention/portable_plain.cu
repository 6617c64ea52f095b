// out = softmax(scale · q · kᵀ + mask) · v per head, lse = log Σ exp(scale · q · kᵀ + mask), f32 or bf16.
// q, out (B, H, T, D); k, v (B, H / group, S, D); lse (B, H, T) f32.
//
// Idea: one warp, one query. 32 keys at a time: each lane has the score of one key, then the lanes share the columns of
//   the output. Largest score and sum are carried along (Milakov and Gimelshein, arXiv 1805.02867), so no score is kept.
// Replaces: nothing.
// Needs: nothing.
// Launch: grid (ceil(T / 4), H, B), block 128, 16 * (2 D + 32) bytes of dynamic shared memory.
// Limits: every lane reads a row of k of its own, which wastes most of what it loads but for the L1 cache.
// Numerics: f32 throughout, exp by expf; the same bits every run.
#include "common/attention_heads.cuh"

namespace {

using attention::Heads;

constexpr int kWarps = 4;

template <typename T>
struct Problem {
  Heads<const T> q, k, v;
  Heads<T> out;
  Heads<float> lse;
  int group, queries, keys, columns, causal;
  float scale;
};

template <typename T>
__device__ __forceinline__ void attend(const Problem<T>& of) {
  extern __shared__ float shared[];
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int b = blockIdx.z;
  const int h = blockIdx.y;
  const int query = blockIdx.x * kWarps + warp;
  if (query >= of.queries) return;

  float* const q = shared + warp * (2 * of.columns + 32);
  float* const out = q + of.columns;
  float* const p = out + of.columns;
  const T* const from = of.q.at(b, h) + query * of.q.row;
  for (int d = lane; d < of.columns; d += 32) {
    q[d] = static_cast<float>(from[d]);
    out[d] = 0.0f;
  }
  __syncwarp();

  const T* const k = of.k.at(b, h / of.group);
  const T* const v = of.v.at(b, h / of.group);
  const int visible = of.causal ? query + 1 : of.keys;
  float max = -INFINITY;
  float sum = 0.0f;
  for (int first = 0; first < visible; first += 32) {
    const int count = min(32, visible - first);
    const float s =
        lane < count ? of.scale * attention::dot(q, k + (first + lane) * of.k.row, of.columns) : -INFINITY;
    const float most = fmaxf(max, attention::warp_max(s));
    const float shrink = expf(max - most);
    p[lane] = expf(s - most);
    sum = sum * shrink + attention::warp_sum(p[lane]);
    max = most;
    __syncwarp();
    for (int d = lane; d < of.columns; d += 32) {
      float o = out[d] * shrink;
      for (int j = 0; j < count; j++) o = fmaf(p[j], static_cast<float>(v[(first + j) * of.v.row + d]), o);
      out[d] = o;
    }
    __syncwarp();
  }
  T* const to = of.out.at(b, h) + query * of.out.row;
  for (int d = lane; d < of.columns; d += 32) to[d] = static_cast<T>(out[d] / sum);
  if (lane == 0) of.lse.at(b, h)[query] = max + logf(sum);
}

}  // namespace

#define RIDGELINE_ENTRY(name, T)                                                                                       \
  extern "C" __global__ void __launch_bounds__(kWarps * 32, 8) attention_portable_plain_##name(                        \
      const T* q, long long q_batch, long long q_head, long long q_row, const T* k, long long k_batch,                 \
      long long k_head, long long k_row, const T* v, long long v_batch, long long v_head, long long v_row, T* out,     \
      long long out_batch, long long out_head, long long out_row, float* lse, long long lse_batch,                     \
      long long lse_head, int group, int queries, int keys, int columns, int causal, float scale) {                    \
    attend<T>({{q, q_batch, q_head, q_row},                                                                            \
               {k, k_batch, k_head, k_row},                                                                            \
               {v, v_batch, v_head, v_row},                                                                            \
               {out, out_batch, out_head, out_row},                                                                    \
               {lse, lse_batch, lse_head, 1},                                                                          \
               group, queries, keys, columns, causal, scale});                                                         \
  }

RIDGELINE_ENTRY(f32, float)
RIDGELINE_ENTRY(bf16, __nv_bfloat16)
