// Barriers in shared memory, and the copies of boxes that they count, after the PTX ISA. A load is seen by those who
// waited for the phase that counts it, and by no one before; a store is done when its thread waits for it. Not checked:
// fence.proxy.async.
#include <cstring>

#include "worker.h"
// After the C++ headers: its names of CUDA's attributes are words of theirs.
#include "prelude.h"

namespace standin {

namespace {

constexpr int box_alignment = 128;

Mbarrier& find(uintptr_t barrier, uintptr_t site) {
  Worker& w = *worker;
  check_atomic(barrier, 8, site);
  auto found = w.mbarriers.find(barrier);
  if (found == w.mbarriers.end()) fail(Fault::launch_failed, site, "there is no mbarrier here: mbarrier.init is missing");
  return found->second;
}

// Calls element(its place in shared memory, its address in the matrix or 0 outside that) for all of a box.
template <class Element>
void each_element(const BoxInFlight& b, Element element) {
  const TensorMap& m = b.map;
  for (int r = 0; r < m.box[1]; r++) {
    const int64_t y = int64_t{b.y} + r;
    for (int c = 0; c < m.box[0]; c++) {
      const int64_t x = int64_t{b.x} + c;
      const bool there = x >= 0 && x < m.dims[0] && y >= 0 && y < m.dims[1];
      uintptr_t inside = b.shared + (static_cast<uintptr_t>(r) * m.box[0] + c) * m.element_bytes;
      inside ^= (inside >> 7 & m.swizzled) << 4;
      element(inside, there ? m.address + static_cast<uint64_t>(y) * m.strides[0] + x * m.element_bytes : 0);
    }
  }
}

BoxInFlight box(const void* map, int x, int y, const void* shared, uintptr_t site) {
  Worker& w = *worker;
  BoxInFlight b{};
  memcpy(&b.map, map, sizeof b.map);
  if (b.map.mark != TensorMap::is_one || b.map.rank != 2)
    fail(Fault::illegal_address, site, "the copy's map is not one of a matrix that cuTensorMapEncodeTiled made");
  b.x = x;
  b.y = y;
  b.shared = reinterpret_cast<uintptr_t>(shared);
  b.site = site;
  b.thread = w.current->number;
  check_aligned(b.shared, b.map.swizzled == 0 ? box_alignment : (b.map.swizzled + 1) * box_alignment,
                "a box in shared memory", site);
  if (!is_shared(w, b.shared)) fail(Fault::illegal_address, site, "a box is not in shared memory");
  return b;
}

// Ends the phase if nothing is to come any more.
bool complete(Worker& w, uintptr_t address, Mbarrier& b) {
  if (b.pending > 0 || b.bytes != 0) return false;
  for (const BoxInFlight& load : b.loads) {
    each_element(load, [&](uintptr_t inside, uintptr_t outside) {
      if (outside == 0) {
        memset(reinterpret_cast<void*>(inside), 0, load.map.element_bytes);
      } else {
        memcpy(reinterpret_cast<void*>(inside), reinterpret_cast<void*>(outside), load.map.element_bytes);
      }
    });
    end_flight(w, load.shared, load.map.box_bytes());
    release_to(w, b.clock, load.thread);
  }
  b.loads.clear();
  b.ended = std::move(b.clock);
  b.clock.clear();
  b.pending = b.arrivals;
  b.phase++;
  for (int i = 0; i < w.threads; i++) {
    if (w.thread[i].state == State::mbarrier && w.thread[i].mbarrier == address) make_ready(w, i);
  }
  return true;
}

}  // namespace

void mbarrier_init(void* barrier, int arrivals) {
  Worker& w = *worker;
  auto address = reinterpret_cast<uintptr_t>(barrier);
  check_aligned(address, 8, "mbarrier.init", STANDIN_CALLER);
  if (!is_shared(w, address)) fail(Fault::illegal_address, STANDIN_CALLER, "an mbarrier is not in shared memory");
  if (arrivals < 1) fail(Fault::launch_failed, STANDIN_CALLER, "an mbarrier counts at least one arrival");
  check_write(address, 8, STANDIN_CALLER);
  Mbarrier& b = w.mbarriers[address] = {};
  b.arrivals = b.pending = arrivals;
}

void mbarrier_arrive(void* barrier, int bytes) {
  Worker& w = *worker;
  auto address = reinterpret_cast<uintptr_t>(barrier);
  Mbarrier& b = find(address, STANDIN_CALLER);
  complete(w, address, b);
  if (b.pending == 0) fail(Fault::launch_failed, STANDIN_CALLER, "more threads arrive at an mbarrier than it counts");
  release_to(w, b.clock, w.current->number);
  b.pending--;
  b.bytes += bytes;
}

void mbarrier_wait(void* barrier, int parity) {
  Worker& w = *worker;
  Thread& t = *w.current;
  auto address = reinterpret_cast<uintptr_t>(barrier);
  Mbarrier& b = find(address, STANDIN_CALLER);
  if (static_cast<int>(b.phase & 1) == parity) {
    t.state = State::mbarrier;
    t.mbarrier = address;
    t.site = STANDIN_CALLER;
    wait();
  }
  if (!b.ended.empty()) acquire_from(w, b.ended, t.number);
}

void tensor_load(void* shared, const void* map, int x, int y, void* barrier) {
  Worker& w = *worker;
  const uintptr_t site = STANDIN_CALLER;
  BoxInFlight load = box(map, x, y, shared, site);
  auto address = reinterpret_cast<uintptr_t>(barrier);
  Mbarrier& b = find(address, site);
  const uint64_t bytes = load.map.box_bytes();
  check_write(load.shared, bytes, site);
  each_element(load, [&](uintptr_t, uintptr_t outside) {
    if (outside != 0) check_read(outside, load.map.element_bytes, site);
  });
  memset(shared, 0xff, bytes);
  begin_flight(w, load.shared, bytes);
  b.bytes -= static_cast<int64_t>(bytes);
  b.loads.push_back(load);
}

void tensor_store(const void* map, int x, int y, const void* shared) {
  BoxInFlight store = box(map, x, y, shared, STANDIN_CALLER);
  check_shared_source(store.shared, store.map.box_bytes(), STANDIN_CALLER);
  Thread& t = *worker->current;
  store.group = t.stores_committed + 1;
  t.stores.push_back(store);
}

void tensor_store_commit() { worker->current->stores_committed++; }

void tensor_store_wait(int pending) {
  Thread& t = *worker->current;
  std::vector<BoxInFlight> kept;
  for (const BoxInFlight& store : t.stores) {
    if (store.group + pending > t.stores_committed) {
      kept.push_back(store);
      continue;
    }
    each_element(store, [&](uintptr_t inside, uintptr_t outside) {
      if (outside == 0) return;
      check_write(outside, store.map.element_bytes, store.site);
      memcpy(reinterpret_cast<void*>(outside), reinterpret_cast<void*>(inside), store.map.element_bytes);
    });
  }
  t.stores = std::move(kept);
}

bool complete_boxes(Worker& w) {
  bool any = false;
  for (auto& [address, b] : w.mbarriers) any |= complete(w, address, b);
  return any;
}

void end_block_boxes(Worker& w) {
  for (const auto& [address, b] : w.mbarriers) {
    for (const BoxInFlight& load : b.loads) end_flight(w, load.shared, load.map.box_bytes());
  }
  w.mbarriers.clear();
}

void end_boxes(Worker& w) {
  const Thread& t = *w.current;
  if (!t.stores.empty())
    fail(Fault::launch_failed, t.stores.front().site, "the thread ends and has not waited for this copy to global memory");
}

std::string mbarrier_name(const Worker& w, uintptr_t barrier) {
  const Mbarrier& b = w.mbarriers.at(barrier);
  return "phase " + std::to_string(b.phase) + " of an mbarrier (" + std::to_string(b.arrivals - b.pending) + " of " +
         std::to_string(b.arrivals) + " threads arrived, " + std::to_string(b.bytes) + " bytes announced and not copied)";
}

}  // namespace standin
