// Barriers in shared memory that count threads and the bytes of asynchronous copies: sm_90 and newer. A phase ends when
// as many threads have arrived as the barrier was made for, and all bytes that they announced have come; phases are
// told apart by their parity, 0 for the first.
#pragma once
#include <cstdint>

namespace ptx {

struct Mbarrier {
  alignas(8) uint64_t opaque;
};

// By one thread, before fence_proxy_async and a barrier of the block.
// PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier.init".
__device__ __forceinline__ void mbarrier_init(Mbarrier& barrier, int arrivals) {
#ifdef RIDGELINE_STANDIN
  standin::mbarrier_init(&barrier, arrivals);
#else
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(&barrier))),
               "r"(arrivals)
               : "memory");
#endif
}

// Counts this thread in; those who wait for the phase see what it did before.
// PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier.arrive".
__device__ __forceinline__ void mbarrier_arrive(Mbarrier& barrier) {
#ifdef RIDGELINE_STANDIN
  standin::mbarrier_arrive(&barrier, 0);
#else
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(&barrier)))
               : "memory");
#endif
}

// The same, and the phase then also waits for so many bytes of copies.
// PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier.arrive", .expect_tx.
__device__ __forceinline__ void mbarrier_arrive_expect(Mbarrier& barrier, int bytes) {
#ifdef RIDGELINE_STANDIN
  standin::mbarrier_arrive(&barrier, bytes);
#else
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(&barrier))),
               "r"(bytes)
               : "memory");
#endif
}

// Waits until the phase of this parity has ended.
// PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier.test_wait, mbarrier.try_wait", .parity.
__device__ __forceinline__ void mbarrier_wait(Mbarrier& barrier, int parity) {
#ifdef RIDGELINE_STANDIN
  standin::mbarrier_wait(&barrier, parity);
#else
  uint32_t ended;
  do {
    asm volatile(
        "{\n"
        ".reg .pred ended;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%1], %2;\n"
        "selp.u32 %0, 1, 0, ended;\n"
        "}"
        : "=r"(ended)
        : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(&barrier))), "r"(parity)
        : "memory");
  } while (ended == 0);
#endif
}

}  // namespace ptx
