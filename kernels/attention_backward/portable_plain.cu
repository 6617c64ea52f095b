// Gradients of out = softmax(scale · q · kᵀ + mask) · v per head, f32 or bf16, from the kept lse:
// p = exp(scale · q · kᵀ - lse), delta = Σ dout · out per row, ds = p (dout · vᵀ - delta),
// dv = pᵀ · dout, dq = scale · ds · k, dk = scale · dsᵀ · q.
// q, out, dout, dq (B, H, T, D); k, v, dk, dv (B, H / group, S, D); lse, delta (B, H, T) f32, delta dense scratch.
//
// Idea: one warp, one row of a gradient: `dq` a query with all its keys, `dkdv` a key with all the queries that see it,
//   32 at a time. Each lane has the score of one pair, then the lanes share the columns. Nothing is added by two warps.
// Replaces: nothing.
// Needs: nothing.
// Launch: `delta` first, then `dq` and `dkdv`; block 128.
//   delta  grid (ceil(T / 4), H, B)          no dynamic shared memory
//   dq     grid (ceil(T / 4), H, B)          16 * (3 D + 32) bytes
//   dkdv   grid (ceil(S / 4), H / group, B)  16 * (4 D + 64) bytes
// Limits: computes every score twice.
// Numerics: f32 throughout, exp by expf; queries of a group in ascending order of head and row; the same bits every run.
#include "common/attention_heads.cuh"

namespace {

using attention::Heads;

constexpr int kWarps = 4;

template <typename T>
__device__ __forceinline__ void row_sums(const Heads<const T>& out, const Heads<const T>& dout, float* delta,
                                         int queries, int columns) {
  const int query = blockIdx.x * kWarps + threadIdx.x / 32;
  if (query >= queries) return;
  const T* const a = out.at(blockIdx.z, blockIdx.y) + query * out.row;
  const T* const b = dout.at(blockIdx.z, blockIdx.y) + query * dout.row;
  const float sum = attention::warp_dot(a, b, columns, threadIdx.x % 32);
  const long long head = blockIdx.z * gridDim.y + blockIdx.y;
  if (threadIdx.x % 32 == 0) delta[head * queries + query] = sum;
}

template <typename T>
struct Problem {
  Heads<const T> q, k, v, dout;
  Heads<const float> lse;
  const float* delta;
  int group, queries, keys, columns, causal;
  float scale;
};

template <typename T>
__device__ __forceinline__ void queries_gradient(const Problem<T>& of, const Heads<T>& dq) {
  extern __shared__ float shared[];
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int b = blockIdx.z;
  const int h = blockIdx.y;
  const int query = blockIdx.x * kWarps + warp;
  if (query >= of.queries) return;

  float* const q = shared + warp * (3 * of.columns + 32);
  float* const dout = q + of.columns;
  float* const sum = dout + of.columns;
  float* const ds = sum + of.columns;
  for (int d = lane; d < of.columns; d += 32) {
    q[d] = static_cast<float>(of.q.at(b, h)[query * of.q.row + d]);
    dout[d] = static_cast<float>(of.dout.at(b, h)[query * of.dout.row + d]);
    sum[d] = 0.0f;
  }
  __syncwarp();

  const T* const k = of.k.at(b, h / of.group);
  const T* const v = of.v.at(b, h / of.group);
  const float lse = of.lse.at(b, h)[query];
  const float delta = of.delta[(static_cast<long long>(b) * gridDim.y + h) * of.queries + query];
  const int visible = of.causal ? query + 1 : of.keys;
  for (int first = 0; first < visible; first += 32) {
    const int count = min(32, visible - first);
    if (lane < count) {
      const int key = first + lane;
      const float p = expf(of.scale * attention::dot(q, k + key * of.k.row, of.columns) - lse);
      ds[lane] = p * (attention::dot(dout, v + key * of.v.row, of.columns) - delta);
    }
    __syncwarp();
    for (int d = lane; d < of.columns; d += 32) {
      for (int j = 0; j < count; j++)
        sum[d] = fmaf(ds[j], static_cast<float>(k[(first + j) * of.k.row + d]), sum[d]);
    }
    __syncwarp();
  }
  T* const to = dq.at(b, h) + query * dq.row;
  for (int d = lane; d < of.columns; d += 32) to[d] = static_cast<T>(sum[d] * of.scale);
}

template <typename T>
__device__ __forceinline__ void keys_gradients(const Problem<T>& of, const Heads<T>& dk, const Heads<T>& dv) {
  extern __shared__ float shared[];
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int b = blockIdx.z;
  const int key_head = blockIdx.y;
  const int key = blockIdx.x * kWarps + warp;
  if (key >= of.keys) return;

  float* const k = shared + warp * (4 * of.columns + 64);
  float* const v = k + of.columns;
  float* const sum_k = v + of.columns;
  float* const sum_v = sum_k + of.columns;
  float* const p = sum_v + of.columns;
  float* const ds = p + 32;
  for (int d = lane; d < of.columns; d += 32) {
    k[d] = static_cast<float>(of.k.at(b, key_head)[key * of.k.row + d]);
    v[d] = static_cast<float>(of.v.at(b, key_head)[key * of.v.row + d]);
    sum_k[d] = 0.0f;
    sum_v[d] = 0.0f;
  }
  __syncwarp();

  for (int h = key_head * of.group; h < (key_head + 1) * of.group; h++) {
    const T* const q = of.q.at(b, h);
    const T* const dout = of.dout.at(b, h);
    const float* const delta = of.delta + (static_cast<long long>(b) * gridDim.y * of.group + h) * of.queries;
    for (int first = of.causal ? key : 0; first < of.queries; first += 32) {
      const int count = min(32, of.queries - first);
      if (lane < count) {
        const int query = first + lane;
        p[lane] = expf(of.scale * attention::dot(k, q + query * of.q.row, of.columns) - of.lse.at(b, h)[query]);
        ds[lane] = p[lane] * (attention::dot(v, dout + query * of.dout.row, of.columns) - delta[query]);
      }
      __syncwarp();
      for (int d = lane; d < of.columns; d += 32) {
        for (int i = 0; i < count; i++) {
          sum_k[d] = fmaf(ds[i], static_cast<float>(q[(first + i) * of.q.row + d]), sum_k[d]);
          sum_v[d] = fmaf(p[i], static_cast<float>(dout[(first + i) * of.dout.row + d]), sum_v[d]);
        }
      }
      __syncwarp();
    }
  }
  for (int d = lane; d < of.columns; d += 32) {
    dk.at(b, key_head)[key * dk.row + d] = static_cast<T>(sum_k[d] * of.scale);
    dv.at(b, key_head)[key * dv.row + d] = static_cast<T>(sum_v[d]);
  }
}

}  // namespace

#define RIDGELINE_INPUTS(T)                                                                                            \
  const T *q, long long q_batch, long long q_head, long long q_row, const T *k, long long k_batch, long long k_head,   \
      long long k_row, const T *v, long long v_batch, long long v_head, long long v_row, const T *dout,                \
      long long dout_batch, long long dout_head, long long dout_row, const float *lse, long long lse_batch,            \
      long long lse_head, const float *delta, int group, int queries, int keys, int columns, int causal, float scale

#define RIDGELINE_PROBLEM                                                                                              \
  {{q, q_batch, q_head, q_row},                                                                                        \
   {k, k_batch, k_head, k_row},                                                                                        \
   {v, v_batch, v_head, v_row},                                                                                        \
   {dout, dout_batch, dout_head, dout_row},                                                                            \
   {lse, lse_batch, lse_head, 1},                                                                                      \
   delta, group, queries, keys, columns, causal, scale}

#define RIDGELINE_ENTRIES(name, T)                                                                                     \
  extern "C" __global__ void __launch_bounds__(kWarps * 32, 8) attention_backward_portable_plain_delta_##name(         \
      const T* out, long long out_batch, long long out_head, long long out_row, const T* dout, long long dout_batch,   \
      long long dout_head, long long dout_row, float* delta, int queries, int columns) {                               \
    row_sums<T>({out, out_batch, out_head, out_row}, {dout, dout_batch, dout_head, dout_row}, delta, queries,          \
                columns);                                                                                              \
  }                                                                                                                    \
                                                                                                                       \
  extern "C" __global__ void __launch_bounds__(kWarps * 32, 8) attention_backward_portable_plain_dq_##name(            \
      RIDGELINE_INPUTS(T), T* dq, long long dq_batch, long long dq_head, long long dq_row) {                           \
    queries_gradient<T>(RIDGELINE_PROBLEM, {dq, dq_batch, dq_head, dq_row});                                           \
  }                                                                                                                    \
                                                                                                                       \
  extern "C" __global__ void __launch_bounds__(kWarps * 32, 8) attention_backward_portable_plain_dkdv_##name(          \
      RIDGELINE_INPUTS(T), T* dk, long long dk_batch, long long dk_head, long long dk_row, T* dv, long long dv_batch,  \
      long long dv_head, long long dv_row) {                                                                           \
    keys_gradients<T>(RIDGELINE_PROBLEM, {dk, dk_batch, dk_head, dk_row}, {dv, dv_batch, dv_head, dv_row});            \
  }

RIDGELINE_ENTRIES(f32, float)
RIDGELINE_ENTRIES(bf16, __nv_bfloat16)
