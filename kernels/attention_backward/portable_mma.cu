// Gradients of out = softmax(scale · q · kᵀ + mask) · v per head, bf16, from the kept lse:
// p = exp(scale · q · kᵀ - lse), delta = Σ dout · out per row, ds = p (dout · vᵀ - delta),
// dv = pᵀ · dout, dq = scale · ds · k, dk = scale · dsᵀ · q.
// q, out, dout, dq (B, H, T, D); k, v, dk, dv (B, H / group, S, D); lse (B, H, T) f32.
//
// Idea: probabilities computed again from lse (FlashAttention-2, arXiv 2307.08691, algorithm 2), in two kernels that each
//   own what they sum, so that nothing is added by atomics. `dkdv` keeps 128 keys and walks the queries: it computes
//   scores transposed, k · qᵀ, so that pᵀ and dsᵀ come out of the tensor cores as the next products' left fragments and
//   never pass through shared memory. `dq` keeps 64 queries and walks the keys. Both hold their own rows as
//   fragments, in registers but for v in `dkdv`, and read the others' from a ring that cp.async fills ahead.
// Replaces: portable_plain, for bf16.
// Needs: bf16, head dim at most 128, rows that start on 16 bytes.
// Launch: `stats` first, then `dkdv` and `dq`, P being the head dim padded to 64 or 128 and T' the queries rounded up to
//   a multiple of 64:
//   stats  grid (B * H, T' / 8)                    block 256  no dynamic shared memory
//   dkdv   grid (B * H / group, ceil(S / 128))     block 256  768 * P + 1024 bytes
//   dq     grid (B * H, ceil(T / 64))              block 128  384 * P bytes
// Limits: 7 products of T x S x D where one kernel with atomics would do 5, which is what the same bits every run cost.
// Numerics: scores and sums in f32; p and ds are rounded to bf16 for their products. Queries of a group in ascending
//   order of head and row.
//
// At head dim 128 `dkdv` takes all registers there are. That it spills none for sm_90 hangs on small things: what follows
// from blockIdx and threadIdx is computed where it is used, and dv gets its product when ds is known. For sm_80 the
// causal one spills one register.
// spills-allowed: attention_backward_portable_mma_dkdv_causal_128_bf16 12
#include "common/attention_tile.cuh"
#include "common/ptx/math.cuh"

namespace {

using attention::Heads;
using tile::bf16;

constexpr int kStep = 32;  // rows of the others' in a stage of a ring
constexpr int kFragments = kStep / 16;

// Per query head `padded` numbers log2(e) * lse and as many of delta. Padding makes p zero: exp2(0 - inf).
struct Stats {
  float* data;
  int padded;

  __device__ __forceinline__ float* lse(int head) const { return data + 2LL * head * padded; }
  __device__ __forceinline__ float* delta(int head) const { return lse(head) + padded; }
};

__device__ __forceinline__ void row_stats(const Heads<const bf16>& out, const Heads<const bf16>& dout,
                                          const Heads<const float>& lse, const Stats& stats, int heads, int queries,
                                          int columns) {
  const int b = blockIdx.x / heads;
  const int h = blockIdx.x % heads;
  const int query = blockIdx.y * 8 + threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const bool inside = query < queries;
  float sum = 0.0f;
  if (inside) {
    sum = attention::warp_dot(out.at(b, h) + query * out.row, dout.at(b, h) + query * dout.row, columns, lane);
  }
  if (lane == 0) {
    stats.lse(blockIdx.x)[query] = inside ? lse.at(b, h)[query] * attention::kLog2E : INFINITY;
    stats.delta(blockIdx.x)[query] = sum;
  }
}

struct Problem {
  Heads<const bf16> q, k, v, dout;
  Stats stats;
  int heads, group, queries, keys, columns;
  float scale;
};

// p (16, 16 * N) from scores, in place: exp2(scale * s - lse) with a lane's two rows' or, by column, its columns' lse.
__device__ __forceinline__ float probability(float score, float scale, float lse) {
  return ptx::ex2(fmaf(score, scale, -lse));
}

template <int D, bool Causal>
struct KeysGradients {
  static constexpr int kThreads = 256;
  static constexpr int kKeys = kThreads / 32 * 16;
  static constexpr int kStages = 4;
  static constexpr int kTile = kStep * D;                                       // elements
  static constexpr int kStage = 2 * kTile + 2 * kStep * sizeof(float) / sizeof(bf16);

  const Problem& of;
  bf16* ring;
  int start, per_head;  // first query, and steps of a head
  uint32_t k[D / 16][4];
  float dk[D / 8][4] = {};
  float dv[D / 8][4] = {};

  __device__ __forceinline__ KeysGradients(const Problem& of, bf16* ring, int first)
      : of(of),
        ring(ring),
        start(Causal ? first : 0),
        per_head((of.queries - start + kStep - 1) / kStep) {}

  __device__ __forceinline__ int batch() const { return blockIdx.x / (of.heads / of.group); }
  __device__ __forceinline__ int key_head() const { return blockIdx.x % (of.heads / of.group); }
  // The warp's rows of v.
  __device__ __forceinline__ bf16* shelf() const { return ring + kStages * kStage + threadIdx.x / 32 * 16 * D; }

  // Starts the copy of the i-th of all steps: `kStep` queries of one head of the group, with their statistics.
  __device__ __forceinline__ void fetch(int i) const {
    const int h = key_head() * of.group + i / per_head;
    const int query = start + i % per_head * kStep;
    bf16* const stage = ring + i % kStages * kStage;
    attention::copy_rows_async<D, kStep, kThreads>(stage, of.q.at(batch(), h), of.q.row, query, of.queries, of.columns);
    attention::copy_rows_async<D, kStep, kThreads>(stage + kTile, of.dout.at(batch(), h), of.dout.row, query,
                                                   of.queries, of.columns);
    constexpr int kChunks = kStep * sizeof(float) / 16;
    const int chunk = threadIdx.x;
    if (chunk < 2 * kChunks) {
      const int head = batch() * of.heads + h;
      const float* const row = chunk < kChunks ? of.stats.lse(head) : of.stats.delta(head);
      ptx::cp_async_16(stage + 2 * kTile + chunk * tile::kChunk, row + query + chunk % kChunks * 4, true);
    }
  }

  // Adds what the queries from `query` of a stage give the warp's keys from `key`.
  __device__ __forceinline__ void add(const bf16* stage, int key, int query) {
    const int lane = threadIdx.x % 32;
    const bf16* const q = stage;
    const bf16* const dout = stage + kTile;
    const float* const lse = reinterpret_cast<const float*>(stage + 2 * kTile) + lane % 4 * 2;
    const float* const delta = lse + kStep;
    const float scale = of.scale * attention::kLog2E;
    float p[kStep / 8][4] = {};
    attention::multiply_rows<D, kFragments>(p, k, q, lane);
    const bool crossed = Causal && query < key + 15;
#pragma unroll
    for (int j = 0; j < kStep / 8; j++) {
      const float2 l = *reinterpret_cast<const float2*>(lse + j * 8);
#pragma unroll
      for (int e = 0; e < 4; e++) {
        p[j][e] = probability(p[j][e], scale, e % 2 ? l.y : l.x);
        const bool hidden = key + lane / 4 + e / 2 * 8 > query + j * 8 + lane % 4 * 2 + e % 2;
        if (crossed && hidden) p[j][e] = 0.0f;
      }
    }
    float ds[kStep / 8][4] = {};
    attention::multiply_shelved<D, kFragments>(ds, shelf(), dout, lane);
#pragma unroll
    for (int j = 0; j < kStep / 8; j++) {
      const float2 d = *reinterpret_cast<const float2*>(delta + j * 8);
#pragma unroll
      for (int e = 0; e < 4; e++) ds[j][e] = p[j][e] * (ds[j][e] - (e % 2 ? d.y : d.x));
    }
    attention::multiply_columns<D, kFragments>(dv, p, dout, lane);
    attention::multiply_columns<D, kFragments>(dk, ds, q, lane);
  }

  __device__ __forceinline__ void run(int first, const Heads<bf16>& to_k, const Heads<bf16>& to_v) {
    const int lane = threadIdx.x % 32;
    const int key = first + threadIdx.x / 32 * 16;
    attention::copy_rows_async<D, kKeys, kThreads>(ring, of.k.at(batch(), key_head()), of.k.row, first, of.keys,
                                                   of.columns);
    attention::copy_rows_async<D, kKeys, kThreads>(ring + kStages * kStage, of.v.at(batch(), key_head()), of.v.row,
                                                   first, of.keys, of.columns);
    ptx::cp_async_commit();
    ptx::cp_async_wait<0>();
    __syncthreads();
    attention::load_rows<D>(k, ring, threadIdx.x / 32 * 16, lane);
    attention::shelve_rows<D>(shelf(), lane);
    __syncthreads();

    const int steps = per_head * of.group;
#pragma unroll
    for (int i = 0; i < kStages - 1; i++) {
      if (i < steps) fetch(i);
      ptx::cp_async_commit();
    }
    for (int i = 0; i < steps; i++) {
      ptx::cp_async_wait<kStages - 2>();
      __syncthreads();
      if (i + kStages - 1 < steps) fetch(i + kStages - 1);
      ptx::cp_async_commit();
      const int query = start + i % per_head * kStep;
      if (!Causal || query + kStep > key) add(ring + i % kStages * kStage, key, query);
    }
    ptx::cp_async_wait<0>();
    __syncthreads();
    bf16* const scratch = ring + threadIdx.x / 32 * 16 * D;
    attention::store_rows<D>(to_k.at(batch(), key_head()) + key * to_k.row, to_k.row, of.keys - key, of.columns, dk,
                             of.scale, of.scale, scratch, lane);
    attention::store_rows<D>(to_v.at(batch(), key_head()) + key * to_v.row, to_v.row, of.keys - key, of.columns, dv,
                             1.0f, 1.0f, scratch, lane);
  }
};

template <int D, bool Causal>
struct QueriesGradient {
  static constexpr int kThreads = 128;
  static constexpr int kQueries = kThreads / 32 * 16;
  static constexpr int kStages = 3;
  static constexpr int kTile = kStep * D;
  static constexpr int kStage = 2 * kTile;

  const Problem& of;
  bf16* ring;
  int b, h, lane;
  uint32_t q[D / 16][4];
  uint32_t dout[D / 16][4];
  float dq[D / 8][4] = {};
  float lse[2], delta[2];  // of the lane's rows

  __device__ __forceinline__ QueriesGradient(const Problem& of, bf16* ring)
      : of(of), ring(ring), b(blockIdx.x / of.heads), h(blockIdx.x % of.heads), lane(threadIdx.x % 32) {}

  __device__ __forceinline__ void fetch(int i) const {
    bf16* const stage = ring + i % kStages * kStage;
    attention::copy_rows_async<D, kStep, kThreads>(stage, of.k.at(b, h / of.group), of.k.row, i * kStep, of.keys,
                                                   of.columns);
    attention::copy_rows_async<D, kStep, kThreads>(stage + kTile, of.v.at(b, h / of.group), of.v.row, i * kStep,
                                                   of.keys, of.columns);
  }

  // Adds what the keys from `key` of a stage give the warp's queries from `query`.
  __device__ __forceinline__ void add(const bf16* stage, int key, int query) {
    const float scale = of.scale * attention::kLog2E;
    float p[kStep / 8][4] = {};
    attention::multiply_rows<D, kFragments>(p, q, stage, lane);
    const bool crossed = key + kStep > (Causal ? min(of.keys, query + 1) : of.keys);
    float ds[kStep / 8][4] = {};
    attention::multiply_rows<D, kFragments>(ds, dout, stage + kTile, lane);
#pragma unroll
    for (int j = 0; j < kStep / 8; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        p[j][e] = probability(p[j][e], scale, lse[e / 2]);
        const int column = key + j * 8 + lane % 4 * 2 + e % 2;
        const bool hidden = column >= of.keys || (Causal && column > query + lane / 4 + e / 2 * 8);
        if (crossed && hidden) p[j][e] = 0.0f;
        ds[j][e] = p[j][e] * (ds[j][e] - delta[e / 2]);
      }
    }
    attention::multiply_columns<D, kFragments>(dq, ds, stage, lane);
  }

  __device__ __forceinline__ void run(int first, const Heads<bf16>& to) {
    const int within = threadIdx.x / 32 * 16;
    const int query = first + within;
    attention::copy_rows_async<D, kQueries, kThreads>(ring, of.q.at(b, h), of.q.row, first, of.queries, of.columns);
    attention::copy_rows_async<D, kQueries, kThreads>(ring + kQueries * D, of.dout.at(b, h), of.dout.row, first,
                                                      of.queries, of.columns);
    ptx::cp_async_commit();
#pragma unroll
    for (int r = 0; r < 2; r++) {
      lse[r] = of.stats.lse(blockIdx.x)[query + lane / 4 + r * 8];
      delta[r] = of.stats.delta(blockIdx.x)[query + lane / 4 + r * 8];
    }
    ptx::cp_async_wait<0>();
    __syncthreads();
    attention::load_rows<D>(q, ring, within, lane);
    attention::load_rows<D>(dout, ring + kQueries * D, within, lane);
    __syncthreads();

    const int visible = Causal ? min(of.keys, first + kQueries) : of.keys;
    const int steps = (visible + kStep - 1) / kStep;
#pragma unroll
    for (int i = 0; i < kStages - 1; i++) {
      if (i < steps) fetch(i);
      ptx::cp_async_commit();
    }
    for (int i = 0; i < steps; i++) {
      ptx::cp_async_wait<kStages - 2>();
      __syncthreads();
      if (i + kStages - 1 < steps) fetch(i + kStages - 1);
      ptx::cp_async_commit();
      if (!Causal || i * kStep < query + 16) add(ring + i % kStages * kStage, i * kStep, query);
    }
    ptx::cp_async_wait<0>();
    __syncthreads();
    attention::store_rows<D>(to.at(b, h) + query * to.row, to.row, of.queries - query, of.columns, dq, of.scale,
                             of.scale, ring + within * D, lane);
  }
};

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    attention_backward_portable_mma_stats_bf16(const __nv_bfloat16* out, long long out_batch, long long out_head,
                                               long long out_row, const __nv_bfloat16* dout, long long dout_batch,
                                               long long dout_head, long long dout_row, const float* lse,
                                               long long lse_batch, long long lse_head, float* stats, int heads,
                                               int queries, int padded, int columns) {
  row_stats({out, out_batch, out_head, out_row}, {dout, dout_batch, dout_head, dout_row}, {lse, lse_batch, lse_head, 1},
            {stats, padded}, heads, queries, columns);
}

#define RIDGELINE_INPUTS                                                                                               \
  const __nv_bfloat16 *q, long long q_batch, long long q_head, long long q_row, const __nv_bfloat16 *k,                \
      long long k_batch, long long k_head, long long k_row, const __nv_bfloat16 *v, long long v_batch,                 \
      long long v_head, long long v_row, const __nv_bfloat16 *dout, long long dout_batch, long long dout_head,         \
      long long dout_row, float *stats, int heads, int group, int queries, int padded, int keys, int columns,          \
      float scale

#define RIDGELINE_PROBLEM                                                                                              \
  {{q, q_batch, q_head, q_row},                                                                                        \
   {k, k_batch, k_head, k_row},                                                                                        \
   {v, v_batch, v_head, v_row},                                                                                        \
   {dout, dout_batch, dout_head, dout_row},                                                                            \
   {stats, padded},                                                                                                    \
   heads, group, queries, keys, columns, scale}

#define RIDGELINE_ENTRIES(name, D, CAUSAL, BLOCKS)                                                                     \
  extern "C" __global__ void __launch_bounds__(256, 1) attention_backward_portable_mma_dkdv_##name##_bf16(             \
      RIDGELINE_INPUTS, __nv_bfloat16* dk, long long dk_batch, long long dk_head, long long dk_row, __nv_bfloat16* dv, \
      long long dv_batch, long long dv_head, long long dv_row) {                                                       \
    extern __shared__ uint4 shared[];                                                                                  \
    const Problem of = RIDGELINE_PROBLEM;                                                                              \
    const int first = blockIdx.y * 128;                                                                                \
    KeysGradients<D, CAUSAL> gradients(of, reinterpret_cast<bf16*>(shared), first);                                    \
    gradients.run(first, {dk, dk_batch, dk_head, dk_row}, {dv, dv_batch, dv_head, dv_row});                            \
  }                                                                                                                    \
                                                                                                                       \
  extern "C" __global__ void __launch_bounds__(128, BLOCKS) attention_backward_portable_mma_dq_##name##_bf16(          \
      RIDGELINE_INPUTS, __nv_bfloat16* dq, long long dq_batch, long long dq_head, long long dq_row) {                  \
    extern __shared__ uint4 shared[];                                                                                  \
    const Problem of = RIDGELINE_PROBLEM;                                                                              \
    const int block = CAUSAL ? gridDim.y - 1 - blockIdx.y : blockIdx.y;                                                \
    QueriesGradient<D, CAUSAL> gradient(of, reinterpret_cast<bf16*>(shared));                                          \
    gradient.run(block * 64, {dq, dq_batch, dq_head, dq_row});                                                         \
  }

RIDGELINE_ENTRIES(full_64, 64, false, 3)
RIDGELINE_ENTRIES(full_128, 128, false, 2)
RIDGELINE_ENTRIES(causal_64, 64, true, 3)
RIDGELINE_ENTRIES(causal_128, 128, true, 2)
