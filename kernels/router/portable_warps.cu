// p = softmax(logits); experts = the k largest of a row, the first of equals; gates = their p over the sum of these;
// then (row, choice) pairs in order of experts, those of one expert in order of rows: places (rows, k), sources
// (rows * k), offsets (experts + 1); logits (rows, experts).
//
// Idea:     a warp per row; each choice is one more maximum over the lanes, which keep what was taken as bits. Pairs are
//           put in order by counting: each block counts its pairs of every expert, one block adds the counts up, and
//           each pair's place is what lies before its block plus the equal pairs before it in its block. Nothing
//           depends on the order in which blocks run.
// Replaces: nothing.
// Needs:    operands without gaps, and at most 2048 experts.
// Launch:   in this order; `counts` has ceil(rows * k / 256) * experts ints, zeros at first:
//           `choose`: grid ceil(rows / 8); 256 threads.
//           `count`: grid ceil(rows * k / 256); 256 threads.
//           `scan`: grid 1; 1024 threads.
//           `place`: grid ceil(rows * k / 256); 256 threads.
// Limits:   logits are read k + 3 times, from the L1 cache after the first.
// Numerics: f32, exp by expf.
#include "common/reduce.cuh"

namespace {

constexpr unsigned kAll = 0xffffffffu;
constexpr int kPairs = 256;  // of a block
constexpr int kScanThreads = 1024;

struct Choice {
  float value;
  int expert;  // -1: none
};

// The larger, the first of equals; where a value is NaN the first.
__device__ __forceinline__ Choice better(Choice a, Choice b) {
  if (a.expert < 0 || b.expert < 0) return a.expert < 0 ? b : a;
  if (a.value > b.value) return a;
  if (b.value > a.value) return b;
  return a.expert < b.expert ? a : b;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    router_portable_warps_choose(const float* logits, float* probabilities, float* gates, int* chosen, int rows,
                                 int experts, int active) {
  const long long r = blockIdx.x * 8ll + threadIdx.x / 32;
  if (r >= rows) return;
  const int lane = threadIdx.x % 32;
  logits += r * experts;
  probabilities += r * experts;
  gates += r * active;
  chosen += r * active;

  float max = reduce::kLowest;
  for (int e = lane; e < experts; e += 32) max = fmaxf(max, logits[e]);
  for (int apart = 16; apart > 0; apart /= 2) max = fmaxf(max, reduce::shuffled(max, apart));
  float sum = 0.0f;
  for (int e = lane; e < experts; e += 32) sum += expf(logits[e] - max);
  for (int apart = 16; apart > 0; apart /= 2) sum += reduce::shuffled(sum, apart);
  for (int e = lane; e < experts; e += 32) probabilities[e] = expf(logits[e] - max) / sum;

  unsigned long long taken = 0;  // bit i: expert lane + 32 * i
  float total = 0.0f;
  for (int j = 0; j < active; j++) {
    Choice best = {0.0f, -1};
    for (int e = lane; e < experts; e += 32) {
      if ((taken >> (e / 32) & 1) == 0) best = better(best, {logits[e], e});
    }
    for (int apart = 16; apart > 0; apart /= 2) {
      best = better(best, {reduce::shuffled(best.value, apart), __shfl_xor_sync(kAll, best.expert, apart)});
    }
    const float weight = expf(best.value - max);
    total += weight;
    if (lane == best.expert % 32) taken |= 1ull << (best.expert / 32);
    if (lane == j % 32) {
      chosen[j] = best.expert;
      gates[j] = weight;
    }
  }
  for (int j = lane; j < active; j += 32) gates[j] /= total;
}

// counts[block][e]: pairs of expert e in a block.
extern "C" __global__ void __launch_bounds__(kPairs)
    router_portable_warps_count(const int* chosen, int* counts, int pairs, int experts) {
  const int pair = blockIdx.x * kPairs + threadIdx.x;
  if (pair < pairs) atomicAdd(counts + static_cast<long long>(blockIdx.x) * experts + chosen[pair], 1);
}

// counts[block][e] becomes the place of the block's first pair of expert e, and offsets[e] that of the first of all.
extern "C" __global__ void __launch_bounds__(kScanThreads)
    router_portable_warps_scan(int* counts, int* offsets, int blocks, int experts) {
  __shared__ int sums[2048];
  for (int e = threadIdx.x; e < experts; e += kScanThreads) {
    int sum = 0;
    for (int b = 0; b < blocks; b++) sum += counts[static_cast<long long>(b) * experts + e];
    sums[e] = sum;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    int before = 0;
    for (int e = 0; e < experts; e++) {
      const int own = sums[e];
      sums[e] = before;
      offsets[e] = before;
      before += own;
    }
    offsets[experts] = before;
  }
  __syncthreads();
  for (int e = threadIdx.x; e < experts; e += kScanThreads) {
    int place = sums[e];
    for (int b = 0; b < blocks; b++) {
      int* const count = counts + static_cast<long long>(b) * experts + e;
      const int own = *count;
      *count = place;
      place += own;
    }
  }
}

extern "C" __global__ void __launch_bounds__(kPairs)
    router_portable_warps_place(const int* chosen, const int* counts, int* places, int* sources, int pairs, int experts,
                                int active) {
  __shared__ int block[kPairs];
  const int pair = blockIdx.x * kPairs + threadIdx.x;
  const int expert = pair < pairs ? chosen[pair] : -1;
  block[threadIdx.x] = expert;
  __syncthreads();
  if (pair >= pairs) return;
  int place = counts[static_cast<long long>(blockIdx.x) * experts + expert];
  for (int i = 0; i < static_cast<int>(threadIdx.x); i++) place += block[i] == expert;
  places[pair] = place;
  sources[place] = pair / active;
}
