// Sums and maxima over the threads that share a row, in an order that depends on nothing but their number.
#pragma once
#include <cuda_runtime.h>

#include "common/ptx/barrier.cuh"

namespace reduce {

__device__ __forceinline__ float shuffled(float v, int apart) { return __shfl_xor_sync(0xffffffffu, v, apart); }
__device__ __forceinline__ float2 shuffled(float2 v, int apart) {
  return make_float2(shuffled(v.x, apart), shuffled(v.y, apart));
}

struct Sum {
  __device__ static __forceinline__ float zero() { return 0.0f; }
  __device__ static __forceinline__ float of(float a, float b) { return a + b; }
};

struct Sums {
  __device__ static __forceinline__ float2 zero() { return make_float2(0.0f, 0.0f); }
  __device__ static __forceinline__ float2 of(float2 a, float2 b) { return make_float2(a.x + b.x, a.y + b.y); }
};

// NaNs are passed over, as fmaxf does. Finite, so that its difference to minus infinity is one too.
constexpr float kLowest = -3.402823466e38f;

struct Max {
  __device__ static __forceinline__ float zero() { return kLowest; }
  __device__ static __forceinline__ float of(float a, float b) { return fmaxf(a, b); }
};

// Shared memory of the teams of one block. Two sets, used in turn: a thread may be a reduction ahead of one that still
// reads the last.
template <class Value>
struct Memory {
  Value of[2][32];
};

}  // namespace reduce

// The threads of a block are dealt to teams of `lanes` neighbours, each with its own row. A team is a power of two up
// to 32 threads, or the whole block, and all threads of the block come to every reduction, those without a row too.
//
// With `Several`, teams are whole warps and need not keep step; at most 15 of them have more than one warp. That takes
// all 16 barriers of a block.
template <class Value, bool Several = false>
class Team {
 public:
  __device__ __forceinline__ Team(reduce::Memory<Value>& memory, int lanes)
      : memory_(memory),
        lanes_(lanes),
        lane_(static_cast<int>(threadIdx.x) % lanes),
        index_(static_cast<int>(threadIdx.x) / lanes) {}

  __device__ __forceinline__ int lanes() const { return lanes_; }
  __device__ __forceinline__ int lane() const { return lane_; }
  // Which of the block's teams this is.
  __device__ __forceinline__ int index() const { return index_; }
  __device__ __forceinline__ int teams() const { return static_cast<int>(blockDim.x) / lanes_; }

  // What `Combine` makes of every thread's `v`; all threads get the same bits.
  template <class Combine>
  __device__ __forceinline__ Value reduce(Value v) {
    if (lanes_ <= 32) {
      v = butterfly<Combine>(v, lanes_);
      __syncwarp();
      return v;
    }
    v = butterfly<Combine>(v, 32);
    const int warps = lanes_ / 32;
    Value* slots = memory_.of[turn_] + index_ * warps;
    turn_ ^= 1;
    if (lane_ % 32 == 0) slots[lane_ / 32] = v;
    sync();
    v = lane_ % 32 < warps ? slots[lane_ % 32] : Combine::zero();
    return butterfly<Combine>(v, 32);
  }

 private:
  template <class Combine>
  __device__ static __forceinline__ Value butterfly(Value v, int threads) {
    for (int apart = threads / 2; apart > 0; apart /= 2) v = Combine::of(v, ::reduce::shuffled(v, apart));
    return v;
  }

  __device__ __forceinline__ void sync() const {
    if constexpr (Several)
      ptx::bar_sync(1 + index_, lanes_);
    else
      __syncthreads();
  }

  reduce::Memory<Value>& memory_;
  int lanes_;
  int lane_;
  int index_;
  int turn_ = 0;
};
