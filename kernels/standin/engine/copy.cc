// cp.async after the PTX ISA: a copy is seen by its thread after the wait for its group, and by no one before.
#include <cstring>

#include "worker.h"
// After the C++ headers: its names of CUDA's attributes are words of theirs.
#include "prelude.h"

namespace standin {

void cp_async(void* shared, const void* global, int bytes, int from_global) {
  Worker& w = *worker;
  uintptr_t site = STANDIN_CALLER;
  auto to = reinterpret_cast<uintptr_t>(shared), from = reinterpret_cast<uintptr_t>(global);
  check_aligned(to, bytes, "cp.async's shared side", site);
  check_aligned(from, bytes, "cp.async's global side", site);
  if (!is_shared(w, to)) fail(Fault::illegal_address, site, "the destination of cp.async is not in shared memory");
  if (from_global > 0) {
    if (is_shared(w, from)) fail(Fault::illegal_address, site, "the source of cp.async is in shared memory");
    check_read(from, from_global, site);
  }
  check_write(to, bytes, site);
  memset(shared, 0xff, bytes);
  begin_flight(w, to, bytes);
  Thread& t = *w.current;
  t.copies.push_back({to, from, static_cast<uint8_t>(bytes), static_cast<uint8_t>(from_global), t.committed + 1});
}

void cp_async_commit() { worker->current->committed++; }

void cp_async_wait(int pending) {
  Worker& w = *worker;
  Thread& t = *w.current;
  auto finished = [&](const CopyInFlight& c) { return c.group + pending <= t.committed; };
  size_t kept = 0;
  for (const CopyInFlight& c : t.copies) {
    if (!finished(c)) {
      t.copies[kept++] = c;
      continue;
    }
    auto* to = reinterpret_cast<char*>(c.shared);
    memcpy(to, reinterpret_cast<const void*>(c.global), c.from_global);
    memset(to + c.from_global, 0, c.bytes - c.from_global);
    end_flight(w, c.shared, c.bytes);
  }
  t.copies.resize(kept);
}

uint4 ld_global_nc_16(const void* p) {
  auto address = reinterpret_cast<uintptr_t>(p);
  check_aligned(address, 16, "ld.global.v4", STANDIN_CALLER);
  if (is_shared(*worker, address)) fail(Fault::illegal_address, STANDIN_CALLER, "ld.global reads shared memory");
  check_read(address, 16, STANDIN_CALLER);
  uint4 v;
  memcpy(&v, p, 16);
  return v;
}

void st_global_16(void* p, uint4 v) {
  auto address = reinterpret_cast<uintptr_t>(p);
  check_aligned(address, 16, "st.global.v4", STANDIN_CALLER);
  if (is_shared(*worker, address)) fail(Fault::illegal_address, STANDIN_CALLER, "st.global writes shared memory");
  check_write(address, 16, STANDIN_CALLER);
  memcpy(p, &v, 16);
}

}  // namespace standin
