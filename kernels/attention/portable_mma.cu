// out = softmax(scale · q · kᵀ + mask) · v per head, lse = log Σ exp(scale · q · kᵀ + mask), bf16.
// q, out (B, H, T, D); k, v (B, H / group, S, D); lse (B, H, T) f32.
//
// Idea: one pass over the keys (FlashAttention-2, arXiv 2307.08691, algorithm 1). A block keeps 128 queries, each of its
//   four warps 32 of them; scores and probabilities stay in registers, where a score's accumulator already lies as the
//   second product's left fragment wants it. 32 rows a warp read every fragment of k and v for two products. While k is
//   multiplied v is on its way, and the next k while v is. Only blocks of keys that the diagonal or the end crosses are
//   masked; those above the diagonal are skipped, and blocks with most keys start first.
// Replaces: portable_plain, for bf16.
// Needs: bf16, head dim at most 128, rows that start on 16 bytes, a positive scale.
// Launch: grid (H, B, ceil(T / 128)), block 128, 512 * P bytes of dynamic shared memory, P the head dim padded to 64 or
//   128: two blocks fit a multiprocessor of 164 KiB or more.
// Limits: head dims other than 64 and 128 are padded with zeros; D is a multiple of 8; strides are multiples of 8.
// Numerics: scores, sums and output in f32; probabilities are rounded to bf16 for their product with v, not for their
//   sum. Base 2 throughout: the kernel takes scale * log2(e). The same bits every run.
//
// The last lines, not the loop, spill two or three registers at head dim 128: as many with 48 keys a step as with 64.
// spills-allowed: attention_portable_mma_full_128_bf16 32
// spills-allowed: attention_portable_mma_causal_128_bf16 40
#include "common/attention_tile.cuh"
#include "common/ptx/math.cuh"

namespace {

using tile::bf16;

constexpr int kQueries = 128;
constexpr int kKeys = 64;
constexpr int kThreads = 128;
constexpr int kFragments = 2;  // of 16 queries a warp
constexpr int kWarpQueries = kFragments * 16;

// A warp's queries. A lane has rows g and g + 8 of each fragment; [i][h] is row 8 h + g of fragment i.
template <int D>
struct Queries {
  const bf16* rows;  // kWarpQueries rows of D, shelved
  float scale;       // of the scores, times log2(e)
  int lane;
  float out[kFragments][D / 8][4] = {};
  float max[kFragments][2];
  float sum[kFragments][2] = {};  // of this lane's columns

  __device__ __forceinline__ Queries(const bf16* rows, float scale, int lane) : rows(rows), scale(scale), lane(lane) {
#pragma unroll
    for (int i = 0; i < kFragments; i++) max[i][0] = max[i][1] = -INFINITY;
  }

  __device__ __forceinline__ void scores(float (&s)[kFragments][kKeys / 8][4], const bf16* k) const {
#pragma unroll
    for (int d = 0; d < D / 16; d++) {
      uint32_t a[kFragments][4];
#pragma unroll
      for (int i = 0; i < kFragments; i++) attention::from_shelf(a[i], rows + i * 16 * D, d, lane);
#pragma unroll
      for (int j = 0; j < kKeys / 16; j++) {
        uint32_t b[4];
        tile::load_b<D>(b, k, j * 16, d * 2, lane);
#pragma unroll
        for (int i = 0; i < kFragments; i++) tile::mma_pair(s[i][j * 2], s[i][j * 2 + 1], a[i], b);
      }
    }
  }

  // Hides the keys that do not exist, `keys` being those that do, and, where causal, those after `row`, the number of
  // the warp's first query; both count from this block's first key.
  template <bool Causal>
  __device__ __forceinline__ void mask(float (&s)[kFragments][kKeys / 8][4], int row, int keys) const {
#pragma unroll
    for (int i = 0; i < kFragments; i++) {
#pragma unroll
      for (int j = 0; j < kKeys / 8; j++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
          const int key = j * 8 + lane % 4 * 2 + e % 2;
          const int query = row + i * 16 + lane / 4 + e / 2 * 8;
          if (key >= keys || (Causal && key > query)) s[i][j][e] = -INFINITY;
        }
      }
    }
  }

  // Scores become probabilities relative to the largest score so far, to which what was summed is brought as well. The
  // first block of keys has a visible one for every query, so the largest is a number.
  __device__ __forceinline__ void softmax(float (&s)[kFragments][kKeys / 8][4]) {
#pragma unroll
    for (int i = 0; i < kFragments; i++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        float most = max[i][h];
#pragma unroll
        for (int j = 0; j < kKeys / 8; j++) most = fmaxf(most, fmaxf(s[i][j][h * 2], s[i][j][h * 2 + 1]));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
        const float shrink = ptx::ex2((max[i][h] - most) * scale);
        const float offset = most * scale;
        max[i][h] = most;
        sum[i][h] *= shrink;
#pragma unroll
        for (int j = 0; j < D / 8; j++) {
          out[i][j][h * 2] *= shrink;
          out[i][j][h * 2 + 1] *= shrink;
        }
#pragma unroll
        for (int j = 0; j < kKeys / 8; j++) {
#pragma unroll
          for (int e = h * 2; e < h * 2 + 2; e++) {
            s[i][j][e] = ptx::ex2(fmaf(s[i][j][e], scale, -offset));
            sum[i][h] += s[i][j][e];
          }
        }
      }
    }
  }

  __device__ __forceinline__ void values(const float (&p)[kFragments][kKeys / 8][4], const bf16* v) {
#pragma unroll
    for (int j = 0; j < kKeys / 16; j++) {
      uint32_t a[kFragments][4];
#pragma unroll
      for (int i = 0; i < kFragments; i++) tile::accumulators_to_a(a[i], p[i][j * 2], p[i][j * 2 + 1]);
#pragma unroll
      for (int d = 0; d < D / 16; d++) {
        uint32_t b[4];
        tile::load_b_trans<D>(b, v, j * 16, d * 2, lane);
#pragma unroll
        for (int i = 0; i < kFragments; i++) tile::mma_pair(out[i][d * 2], out[i][d * 2 + 1], a[i], b);
      }
    }
  }

  // `rows` of the warp's queries exist. `scratch` may be the tile of queries.
  __device__ __forceinline__ void store(bf16* to, long long step, float* lse, int rows, int columns, bf16* scratch) {
#pragma unroll
    for (int i = 0; i < kFragments; i++) {
      float share[2];
#pragma unroll
      for (int h = 0; h < 2; h++) {
        float total = sum[i][h];
        total += __shfl_xor_sync(0xffffffffu, total, 1);
        total += __shfl_xor_sync(0xffffffffu, total, 2);
        share[h] = 1.0f / total;
        const int row = i * 16 + h * 8 + lane / 4;
        if (lane % 4 == 0 && row < rows) lse[row] = max[i][h] * scale * (1.0f / attention::kLog2E) + logf(total);
      }
      attention::store_rows<D>(to + i * 16 * step, step, rows - i * 16, columns, out[i], share[0], share[1],
                               scratch + i * 16 * D, lane);
    }
  }
};

struct Problem {
  attention::Heads<const bf16> q, k, v;
  attention::Heads<bf16> out;
  attention::Heads<float> lse;
  int group, queries, keys, columns;
  float scale;  // times log2(e)
};

// Starts the copy of the next kKeys rows. `from` is this thread's first chunk of them and is moved on; rows from `left`
// on, counted from the thread's first, become zero.
template <int D>
__device__ __forceinline__ void copy_keys(bf16* to, const bf16*& from, long long step, int left) {
  constexpr int kRows = kThreads / (D / 8);
  to += tile::Swizzle<D>::at(threadIdx.x / (D / 8), threadIdx.x % (D / 8));
#pragma unroll
  for (int row = 0; row < kKeys; row += kRows) {
    ptx::cp_async_16(to + row * D, from, row < left);
    from += kRows * step;
  }
}

template <int D, bool Causal>
__device__ __forceinline__ void attend(const Problem& of) {
  extern __shared__ uint4 shared[];
  bf16* const tile_q = reinterpret_cast<bf16*>(shared);
  bf16* const tile_k = tile_q + kQueries * D;
  bf16* const tile_v = tile_k + kKeys * D;
  const int h = blockIdx.x;
  const int b = blockIdx.y;
  const int first = (Causal ? gridDim.z - 1 - blockIdx.z : blockIdx.z) * kQueries;
  const int warp = threadIdx.x / 32;
  const int row = first + warp * kWarpQueries;
  bf16* const own = tile_q + warp * kWarpQueries * D;
  Queries<D> queries(own, of.scale, threadIdx.x % 32);

  // This thread's first chunk of the next block of keys and of values.
  const int chunk_row = threadIdx.x / (D / 8);
  const int chunk = threadIdx.x % (D / 8) * 8;
  int left = chunk < of.columns ? of.keys - chunk_row : 0;
  const bf16* k = of.k.at(b, h / of.group) + chunk_row * of.k.row + chunk;
  const bf16* v = of.v.at(b, h / of.group) + chunk_row * of.v.row + chunk;
  attention::copy_rows_async<D, kQueries, kThreads>(tile_q, of.q.at(b, h), of.q.row, first, of.queries, of.columns);
  copy_keys<D>(tile_k, k, of.k.row, left);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kFragments; i++) attention::shelve_rows<D>(own + i * 16 * D, threadIdx.x % 32);

  const int visible = Causal ? min(of.keys, first + kQueries) : of.keys;
  const int whole = Causal ? min(of.keys, row + 1) : of.keys;  // keys that all of the warp's queries see
  for (int key = 0; key < visible; key += kKeys) {
    const bool crossed = key + kKeys > whole;
    ptx::cp_async_wait<0>();
    __syncthreads();
    copy_keys<D>(tile_v, v, of.v.row, left);
    ptx::cp_async_commit();
    float s[kFragments][kKeys / 8][4] = {};
    queries.scores(s, tile_k);
    ptx::cp_async_wait<0>();
    __syncthreads();
    if (key + kKeys < visible) {
      copy_keys<D>(tile_k, k, of.k.row, left - kKeys);
    }
    ptx::cp_async_commit();
    if (crossed) queries.template mask<Causal>(s, row - key, of.keys - key);
    queries.softmax(s);
    queries.values(s, tile_v);
    left -= kKeys;
  }
  queries.store(of.out.at(b, h) + row * of.out.row, of.out.row, of.lse.at(b, h) + row, of.queries - row, of.columns,
                own);
}

}  // namespace

#define RIDGELINE_ENTRY(name, D, CAUSAL)                                                                               \
  extern "C" __global__ void __launch_bounds__(kThreads, 2) attention_portable_mma_##name##_bf16(                      \
      const __nv_bfloat16* q, long long q_batch, long long q_head, long long q_row, const __nv_bfloat16* k,            \
      long long k_batch, long long k_head, long long k_row, const __nv_bfloat16* v, long long v_batch,                 \
      long long v_head, long long v_row, __nv_bfloat16* out, long long out_batch, long long out_head,                  \
      long long out_row, float* lse, long long lse_batch, long long lse_head, int group, int queries,       \
      int keys, int columns, float scale) {                                                                            \
    attend<D, CAUSAL>({{q, q_batch, q_head, q_row},                                                                    \
                       {k, k_batch, k_head, k_row},                                                                    \
                       {v, v_batch, v_head, v_row},                                                                    \
                       {out, out_batch, out_head, out_row},                                                            \
                       {lse, lse_batch, lse_head, 1},                                                                  \
                       group, queries, keys, columns, scale});                                                  \
  }

RIDGELINE_ENTRY(full_64, 64, false)
RIDGELINE_ENTRY(full_128, 128, false)
RIDGELINE_ENTRY(causal_64, 64, true)
RIDGELINE_ENTRY(causal_128, 128, true)
