// Copies from global to shared memory that run beside the thread. A thread sees its own copies after
// cp_async_wait; the other threads of the block see them after a barrier that follows that wait.
#pragma once
#include <cstdint>

namespace ptx {

// Starts a copy of 16 bytes, both sides 16-byte aligned, past the L1 cache; zeros are written where not valid, and
// global is then not read.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async", .cg with src-size.
__device__ __forceinline__ void cp_async_16(void* shared, const void* global, bool valid) {
#ifdef RIDGELINE_STANDIN
  standin::cp_async(shared, global, 16, valid ? 16 : 0);
#else
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared))), "l"(__cvta_generic_to_global(global)),
                 "r"(valid ? 16 : 0)
               : "memory");
#endif
}

// Closes a group of this thread: all copies started since the last commit, perhaps none.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async.commit_group".
__device__ __forceinline__ void cp_async_commit() {
#ifdef RIDGELINE_STANDIN
  standin::cp_async_commit();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most the N youngest groups of this thread are still on their way.
// PTX ISA, "Data Movement and Conversion Instructions: cp.async.wait_group".
template <int N>
__device__ __forceinline__ void cp_async_wait() {
#ifdef RIDGELINE_STANDIN
  standin::cp_async_wait(N);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#endif
}

}  // namespace ptx
