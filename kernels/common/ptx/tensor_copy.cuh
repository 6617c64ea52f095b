// Copies of boxes of a matrix between global and shared memory by the copy engine (TMA): sm_90 and newer. One thread
// starts them. The map is a parameter `const __grid_constant__ CUtensorMap` that the host made (cuda/TensorMap); x
// counts columns, y rows. What of a box lies outside the matrix is read as zeros and not written.
#pragma once
#include <cuda.h>

#include "common/ptx/mbarrier.cuh"

namespace ptx {

// Starts a copy to shared memory, a multiple of 128 bytes away from its begin (of 1024 where the map swizzles). The
// bytes of the whole box are counted by `barrier`, whose phase has them.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async.bulk.tensor".
__device__ __forceinline__ void tensor_load(void* shared, const CUtensorMap& map, int x, int y, Mbarrier& barrier) {
#ifdef RIDGELINE_STANDIN
  standin::tensor_load(shared, &map, x, y, &barrier);
#else
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::
          "r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
      "l"(&map), "r"(x), "r"(y), "r"(static_cast<uint32_t>(__cvta_generic_to_shared(&barrier)))
      : "memory");
#endif
}

// Starts a copy from shared memory. Threads that wrote it pass fence_proxy_async before the barrier after which this
// thread starts.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async.bulk.tensor".
__device__ __forceinline__ void tensor_store(const CUtensorMap& map, int x, int y, const void* shared) {
#ifdef RIDGELINE_STANDIN
  standin::tensor_store(&map, x, y, shared);
#else
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map), "r"(x),
               "r"(y), "r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared)))
               : "memory");
#endif
}

// Closes a group of this thread's stores.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async.bulk.commit_group".
__device__ __forceinline__ void tensor_store_commit() {
#ifdef RIDGELINE_STANDIN
  standin::tensor_store_commit();
#else
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
#endif
}

// Waits until at most the N youngest groups of this thread still have to be written; a thread waits for all of its
// groups before it ends.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async.bulk.wait_group".
template <int N>
__device__ __forceinline__ void tensor_store_wait() {
#ifdef RIDGELINE_STANDIN
  standin::tensor_store_wait(N);
#else
  asm volatile("cp.async.bulk.wait_group %0;" ::"n"(N) : "memory");
#endif
}

// Orders what this thread wrote to shared memory before what the copy engine does after the next barrier.
// PTX ISA, "Parallel Synchronization and Communication Instructions: membar, fence", fence.proxy.async.
__device__ __forceinline__ void fence_proxy_async() {
#ifndef RIDGELINE_STANDIN
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

}  // namespace ptx
