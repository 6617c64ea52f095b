// Named barriers 1 to 15 of a block (0 is __syncthreads). The count of threads is a multiple of 32 and counts those
// that wait and those that only arrive; whole warps take part.
#pragma once

namespace ptx {

// Waits until `threads` threads have reached barrier `id`; orders the memory accesses of all of them.
// PTX ISA, "Parallel Synchronization and Communication Instructions: bar, barrier", bar.sync.
__device__ __forceinline__ void bar_sync(int id, int threads) {
#ifdef RIDGELINE_STANDIN
  standin::bar_sync(id, threads);
#else
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
#endif
}

// Counts this thread in at barrier `id` and goes on; those who wait there see what it wrote before.
// PTX ISA, "Parallel Synchronization and Communication Instructions: bar, barrier", bar.arrive.
__device__ __forceinline__ void bar_arrive(int id, int threads) {
#ifdef RIDGELINE_STANDIN
  standin::bar_arrive(id, threads);
#else
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
#endif
}

}  // namespace ptx
