#include "memory.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>

namespace standin::memory {

namespace {

constexpr size_t chunk = 64 << 10;
constexpr size_t range_bytes = size_t{1} << 36;  // of addresses for each owner
constexpr int owners = 64;
constexpr size_t chunks = range_bytes / chunk;

struct Range {
  uintptr_t next = 0;
  size_t used = 0;
  std::multimap<size_t, uintptr_t> free;  // by bytes of addresses
};

std::mutex mutex;
Range ranges[owners];
uint64_t serial = 0;
std::map<uintptr_t, size_t> registered;

struct Space {
  uintptr_t base;
  const Allocation** table;  // by chunk; read without the lock
  Space() {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* range = mmap(nullptr, owners * range_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    void* rows = mmap(nullptr, owners * chunks * sizeof(Allocation*), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (range == MAP_FAILED || rows == MAP_FAILED) throw std::bad_alloc();
    base = reinterpret_cast<uintptr_t>(range);
    table = static_cast<const Allocation**>(rows);
  }
};

const Space& space() {
  static Space s;
  return s;
}

// One chunk more than needed: the gap.
size_t addresses(size_t bytes) { return (bytes + chunk - 1) / chunk * chunk + chunk; }

}  // namespace

void* allocate(int owner, size_t bytes, bool poison) {
  std::lock_guard lock(mutex);
  const Space& s = space();
  Range& r = ranges[owner];
  size_t wanted = addresses(bytes);
  uintptr_t base;
  if (auto found = r.free.find(wanted); found != r.free.end()) {
    base = found->second;
    r.free.erase(found);
  } else {
    if (r.next + wanted > range_bytes) return nullptr;
    base = s.base + owner * range_bytes + r.next;
    r.next += wanted;
  }
  r.used += bytes;
  auto* a = new Allocation{base, bytes, owner, ++serial};
  for (uintptr_t p = base; p < base + wanted - chunk; p += chunk) s.table[(p - s.base) / chunk] = a;
  if (poison) memset(reinterpret_cast<void*>(base), 0xff, bytes);
  return reinterpret_cast<void*>(base);
}

const Allocation* find(const void* p) {
  const Space& s = space();
  uintptr_t offset = reinterpret_cast<uintptr_t>(p) - s.base;
  return offset < owners * range_bytes ? s.table[offset / chunk] : nullptr;
}

static void erase(const Allocation* a) {
  const Space& s = space();
  size_t wanted = addresses(a->bytes);
  for (uintptr_t q = a->base; q < a->base + wanted - chunk; q += chunk) s.table[(q - s.base) / chunk] = nullptr;
  madvise(reinterpret_cast<void*>(a->base), wanted - chunk, MADV_DONTNEED);
  ranges[a->owner].used -= a->bytes;
  ranges[a->owner].free.emplace(wanted, a->base);
  delete a;
}

bool release(int owner, void* p) {
  std::lock_guard lock(mutex);
  const Allocation* a = find(p);
  if (a == nullptr || a->base != reinterpret_cast<uintptr_t>(p) || a->owner != owner) return false;
  erase(a);
  return true;
}

size_t used(int owner) {
  std::lock_guard lock(mutex);
  return ranges[owner].used;
}

void release_all(int owner) {
  std::lock_guard lock(mutex);
  const Space& s = space();
  uintptr_t begin = s.base + owner * range_bytes;
  for (uintptr_t p = begin; p < begin + ranges[owner].next; p += chunk) {
    if (const Allocation* a = s.table[(p - s.base) / chunk]) erase(a);
  }
}

void add_host_range(uintptr_t base, size_t bytes) {
  std::lock_guard lock(mutex);
  registered[base] = bytes;
}

bool remove_host_range(uintptr_t base) {
  std::lock_guard lock(mutex);
  return registered.erase(base) > 0;
}

bool in_host_range(uintptr_t base, size_t bytes) {
  std::lock_guard lock(mutex);
  auto after = registered.upper_bound(base);
  if (after == registered.begin()) return false;
  --after;
  return base + bytes <= after->first + after->second;
}

bool known(const void* p, size_t bytes) {
  auto from = reinterpret_cast<uintptr_t>(p);
  if (const auto* a = find(p)) return from >= a->base && from + bytes <= a->base + a->bytes;
  return in_host_range(from, bytes);
}

std::string describe(uintptr_t p) {
  std::lock_guard lock(mutex);
  const Space& s = space();
  uintptr_t offset = p - s.base;
  if (offset >= owners * range_bytes) return "no device memory is anywhere near";
  char text[160];
  size_t row = offset / chunk;
  for (size_t step = 0; step < 64; step++) {
    const Allocation* below = row >= step ? s.table[row - step] : nullptr;
    if (below != nullptr && p >= below->base + below->bytes) {
      snprintf(text, sizeof text, "%zu bytes past the end of the allocation of %zu bytes at 0x%zx",
               p - below->base - below->bytes, below->bytes, below->base);
      return text;
    }
    const Allocation* above = step > 0 && row + step < owners * chunks ? s.table[row + step] : nullptr;
    if (above != nullptr) {
      snprintf(text, sizeof text, "%zu bytes before the allocation of %zu bytes at 0x%zx", above->base - p,
               above->bytes, above->base);
      return text;
    }
  }
  return "no allocation is near";
}

}  // namespace standin::memory
