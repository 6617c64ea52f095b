// dtable[tokens[r]] += dy[r] and dpositions[r mod T] += dy[r] for rows r in order; dy (rows, cols), dtable (vocab,
// cols), dpositions (T, cols). A token outside [0, vocab) adds to dpositions only.
//
// Idea:     rows of the same token are put into one bucket, by counting with integer atomics, and ordered in it. The
//           first row of a bucket then owns the table row and adds up the bucket, 16 bytes of it per thread: every
//           table row is read and written once, no sum is an atomic, and the order is that of the rows.
// Replaces: portable_plain, which walks down the rows one by one.
// Needs:    operands without gaps, and at most 2^32 - 1 runs.
// Launch:   in this order; `counts` holds vocab + 1 zeros at first, the last the end of the buckets handed out:
//           `count`, `place`, `scatter`: grid ceil(rows / 256); 256 threads.
//           `order`: grid ceil(rows / 8); 256 threads.
//           `gather`: grid ceil(rows * runs / 256), runs = ceil(cols / w), w = elements of dy in 16 bytes; 256 threads.
//           `positions`, where there are positions: grid ceil(T * runs / 256); 256 threads; needs none of the others.
// Limits:   a token that fills much of the batch is added up by the threads of one row; dy is read a second time for
//           positions; rows that are no multiple of 16 bytes are read element by element.
// Numerics: f32, rows in order.
#include "common/vector.cuh"

namespace {

// The row this thread has to deal with, or none where its token is out of range.
__device__ __forceinline__ bool known(const int* tokens, int r, int rows, int vocab, int& token) {
  if (r >= rows) return false;
  token = tokens[r];
  return token >= 0 && token < vocab;
}

// sum += dy[row(0)] + ... + dy[row(count - 1)] of a run of columns, in that order.
template <class T, int N, class F>
__device__ __forceinline__ void add_rows(const T* dy, int cols, int run, float* sums, int count, F row) {
  const Row<float, N> into(sums, cols, 0);
  float sum[N];
  into.load(run).get(sum);
#pragma unroll 4
  for (int i = 0; i < count; i++) {
    float v[N];
    Row<const T, N>(dy + static_cast<long long>(row(i)) * cols, cols, 0).load(run).get(v);
#pragma unroll
    for (int e = 0; e < N; e++) sum[e] += v[e];
  }
  into.store(run, sum);
}

template <class T>
__device__ __forceinline__ void gather(const int* tokens, const T* dy, float* dtable, const int* counts,
                                       const int* starts, const int* ordered, int rows, int vocab, int cols) {
  constexpr int N = kWidth<T>;
  const unsigned runs = (cols + N - 1) / N;
  const unsigned item = blockIdx.x * blockDim.x + threadIdx.x;
  const int r = static_cast<int>(item / runs);
  int token;
  if (!known(tokens, r, rows, vocab, token)) return;
  const int* bucket = ordered + starts[token];
  if (bucket[0] != r) return;
  add_rows<T, N>(dy, cols, static_cast<int>(item % runs), dtable + static_cast<long long>(token) * cols, counts[token],
                 [bucket](int i) { return bucket[i]; });
}

template <class T>
__device__ __forceinline__ void positions(const T* dy, float* dpositions, int rows, int period, int cols) {
  constexpr int N = kWidth<T>;
  const unsigned runs = (cols + N - 1) / N;
  const unsigned item = blockIdx.x * blockDim.x + threadIdx.x;
  const int t = static_cast<int>(item / runs);
  if (t >= period) return;
  add_rows<T, N>(dy, cols, static_cast<int>(item % runs), dpositions + static_cast<long long>(t) * cols,
                 (rows - t + period - 1) / period, [t, period](int i) { return t + i * period; });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_count(const int* tokens, int* counts, int* slots, int rows, int vocab) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  int token;
  if (known(tokens, r, rows, vocab, token)) slots[r] = atomicAdd(counts + token, 1);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_place(const int* tokens, int* counts, const int* slots, int* starts, int rows,
                                              int vocab) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  int token;
  if (known(tokens, r, rows, vocab, token) && slots[r] == 0) starts[token] = atomicAdd(counts + vocab, counts[token]);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_scatter(const int* tokens, const int* slots, const int* starts, int* members,
                                                int rows, int vocab) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  int token;
  if (known(tokens, r, rows, vocab, token)) members[starts[token] + slots[r]] = r;
}

// A warp per row: its rank is the number of members of its bucket before it.
extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_order(const int* tokens, const int* counts, const int* starts,
                                              const int* members, int* ordered, int rows, int vocab) {
  const int r = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  int token;
  if (!known(tokens, r, rows, vocab, token)) return;
  const int start = starts[token];
  const int count = counts[token];
  int rank = 0;
  for (int i = lane; i < count; i += 32) rank += members[start + i] < r;
  for (int apart = 16; apart > 0; apart /= 2) rank += __shfl_xor_sync(0xffffffffu, rank, apart);
  if (lane == 0) ordered[start + rank] = r;
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_gather_f32(const int* tokens, const float* dy, float* dtable, const int* counts,
                                                   const int* starts, const int* ordered, int rows, int vocab,
                                                   int cols) {
  gather(tokens, dy, dtable, counts, starts, ordered, rows, vocab, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_gather_bf16(const int* tokens, const bf16* dy, float* dtable, const int* counts,
                                                    const int* starts, const int* ordered, int rows, int vocab,
                                                    int cols) {
  gather(tokens, dy, dtable, counts, starts, ordered, rows, vocab, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_positions_f32(const float* dy, float* dpositions, int rows, int period,
                                                      int cols) {
  positions(dy, dpositions, rows, period, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_backward_portable_buckets_positions_bf16(const bf16* dy, float* dpositions, int rows, int period,
                                                       int cols) {
  positions(dy, dpositions, rows, period, cols);
}
