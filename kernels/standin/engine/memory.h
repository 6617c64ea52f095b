// The memory that kernels may touch: one range of addresses for every device and for pinned host memory, handed out in
// chunks with a gap after each, so that an access past an end falls into nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace standin::memory {

constexpr int host = 63;  // the owner of pinned and managed memory, which every device may touch

struct Allocation {
  uintptr_t base;
  size_t bytes;
  int owner;
  uint64_t serial;
};

// Null when the capacity of the device is used up. The bytes are 0xff, which is NaN in every float format.
void* allocate(int owner, size_t bytes, bool poison);
// False when p is not the start of an allocation of that owner.
bool release(int owner, void* p);
// Null when p lies in none.
const Allocation* find(const void* p);
size_t used(int owner);
void release_all(int owner);
// Host memory registered with the driver.
void add_host_range(uintptr_t base, size_t bytes);
bool remove_host_range(uintptr_t base);
bool in_host_range(uintptr_t base, size_t bytes);
// Whether the driver knows the whole range; pageable memory it does not.
bool known(const void* p, size_t bytes);
// "16 bytes past the end of the allocation of 4096 bytes at 0x...", for reports.
std::string describe(uintptr_t p);

}  // namespace standin::memory
