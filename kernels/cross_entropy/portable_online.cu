// Of each row x of logits (rows, vocab) with its target t: loss = log sum exp(x) - x[t], and
// dlogits = (softmax(x) - onehot(t)) scale. A negative target gives zeros, one of vocab or more gives NaN. dlogits may
// be logits; rows may be strided.
//
// Idea:     loss and gradient of a row by one block in one launch: maximum and sum in one pass over the row, the
//           gradient in a second one that reads the row from its end, of which L1 and L2 still hold the most. Rows that
//           start at odd addresses, as with 50257 bf16, are read 16 bytes at a time but for their ends.
// Replaces: softmax, loss and gradient one after the other, each with its own trip to memory.
// Needs:    nothing.
// Launch:   teams of `lanes` threads, a power of two up to 32 or the whole block; blocks of one team, or of 128 threads
//           where teams are smaller; grid ceil(rows / teams).
// Limits:   rows longer than the caches are read twice from memory.
// Numerics: f32; the difference to the maximum is rounded once; exp by expf for f32, by ex2.approx for bf16.
#include "common/online.cuh"

namespace {

template <class T>
__device__ __forceinline__ void cross_entropy(Matrix<const T> logits, const int* targets, float* losses,
                                              Matrix<T> dlogits, int rows, int vocab, float scale, int lanes) {
  constexpr int N = kWidth<T>;
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, lanes);
  const int r = blockIdx.x * team.teams() + team.index();
  const int target = r < rows ? targets[r] : -1;
  const bool known = target >= 0 && target < vocab;
  const T* at = logits.at + r * logits.stride;
  const int lead = lead_of(at);
  const Row<const T, N> from(at, known ? vocab : 0, lead);
  const auto to = dlogits.template row<N>(r, r < rows ? vocab : 0, lead);

  // before any thread writes: dlogits may be logits
  const float picked = known && team.lane() == 0 ? widen(at[target]) : 0.0f;
  const auto row = online::whole<T>(team, online::part<T>(from, team.lane(), lanes));
  const float unknown = target < 0 ? 0.0f : widen(not_a_number<float>());
  if (team.lane() == 0 && r < rows) losses[r] = known ? row.max - picked + logf(row.sum) : unknown;

  // a row without a target reads as zeros, and exp(0 - 0) times `unknown` is what it gets
  const float shift = known ? row.max : 0.0f;
  const float factor = known ? scale / row.sum : unknown;
  online::rewrite<T>(from, to, team.lane(), lanes, [&](float(&v)[N], int p) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      const float hot = to.first(p) + i == target ? scale : 0.0f;
      v[i] = online::exponential<T>(v[i] - shift) * factor - hot;
    }
  });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512)
    cross_entropy_portable_online_f32(const float* logits, long long logits_stride, const int* targets, float* losses,
                                      float* dlogits, long long dlogits_stride, int rows, int vocab, float scale,
                                      int lanes) {
  cross_entropy<float>({logits, logits_stride}, targets, losses, {dlogits, dlogits_stride}, rows, vocab, scale, lanes);
}

extern "C" __global__ void __launch_bounds__(512)
    cross_entropy_portable_online_bf16(const bf16* logits, long long logits_stride, const int* targets, float* losses,
                                       bf16* dlogits, long long dlogits_stride, int rows, int vocab, float scale,
                                       int lanes) {
  cross_entropy<bf16>({logits, logits_stride}, targets, losses, {dlogits, dlogits_stride}, rows, vocab, scale, lanes);
}
