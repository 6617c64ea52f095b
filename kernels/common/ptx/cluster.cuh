// Blocks of a cluster, which run at the same time and can wait for each other: sm_90 and newer, where the launch names
// the cluster's dimensions.
#pragma once

namespace ptx {

// The block's number in its cluster, x fastest.
// PTX ISA, "Special Registers: %cluster_ctarank".
__device__ __forceinline__ unsigned cluster_rank() {
#ifdef RIDGELINE_STANDIN
  return standin::cluster_rank();
#else
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
#endif
}

// Blocks of the cluster.
// PTX ISA, "Special Registers: %cluster_nctarank".
__device__ __forceinline__ unsigned cluster_blocks() {
#ifdef RIDGELINE_STANDIN
  return standin::cluster_blocks();
#else
  unsigned count;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(count));
  return count;
#endif
}

// The block's place in its cluster.
// PTX ISA, "Special Registers: %cluster_ctaid".
__device__ __forceinline__ uint3 cluster_block() {
#ifdef RIDGELINE_STANDIN
  return standin::cluster_block();
#else
  uint3 at;
  asm("mov.u32 %0, %%cluster_ctaid.x;" : "=r"(at.x));
  asm("mov.u32 %0, %%cluster_ctaid.y;" : "=r"(at.y));
  asm("mov.u32 %0, %%cluster_ctaid.z;" : "=r"(at.z));
  return at;
#endif
}

// Counts this thread in at the cluster's barrier and goes on; those who wait there see what it wrote before.
// PTX ISA, "Parallel Synchronization and Communication Instructions: barrier.cluster", arrive.release.
__device__ __forceinline__ void cluster_arrive() {
#ifdef RIDGELINE_STANDIN
  standin::cluster_arrive();
#else
  asm volatile("barrier.cluster.arrive.release;" ::: "memory");
#endif
}

// Waits until all threads of the cluster that have not ended have arrived; each has to arrive before it waits.
// PTX ISA, "Parallel Synchronization and Communication Instructions: barrier.cluster", wait.acquire.
__device__ __forceinline__ void cluster_wait() {
#ifdef RIDGELINE_STANDIN
  standin::cluster_wait();
#else
  asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
#endif
}

}  // namespace ptx
