// The checks of every memory access. The kernels are compiled with -fsanitize=thread,alignment,bounds but without the
// sanitizers' own libraries: the calls that the compiler inserts end here.
#include <algorithm>
#include <cstring>

#include "memory.h"
#include "worker.h"

namespace standin {

namespace {

constexpr uint32_t ticks_per_turn = 1 << 20;         // then another thread has its turn
constexpr uint64_t accesses_until_hang = 1ull << 31;  // without a barrier between
constexpr uint16_t by_atomic = 0x7fff;                // Cell::writer of an atomic operation
constexpr uint16_t thread_bits = 0x7fff;

bool ordered(const Worker& w, int t, int u, uint32_t stamp) {
  if (stamp < w.epoch || u == t) return true;
  if (w.known_epoch[t] != w.epoch) return false;
  return u == by_atomic || w.known[t * w.threads + u] > stamp;
}

uint32_t* known_row(Worker& w, int t) {
  uint32_t* row = &w.known[t * w.threads];
  if (w.known_epoch[t] != w.epoch) {
    std::fill(row, row + w.threads, 0);
    w.known_epoch[t] = w.epoch;
  }
  return row;
}

std::string place(const Worker& w, uintptr_t p) {
  char text[64];
  bool dynamic = p >= w.dynamic_begin && p < w.dynamic_limit;
  snprintf(text, sizeof text, "byte %zu of %s shared memory", p - (dynamic ? w.dynamic_begin : w.shared_begin),
           dynamic ? "dynamic" : "static");
  return text;
}

[[noreturn]] void report_race(Worker& w, uintptr_t p, size_t bytes, bool write, const char* other, int thread,
                              uint32_t other_site, uintptr_t site) {
  std::string who = thread >= 0 ? "thread " + thread_name(w.thread[thread]) : "threads of several warps";
  fail(Fault::launch_failed, site,
       std::string("race: ") + (write ? "write" : "read") + " of " + std::to_string(bytes) + " bytes at " +
           place(w, p) + " is not ordered by a barrier after the " + other + " by " + who + " at " +
           source_of(*w.launch->image, w.launch->image->base + other_site));
}

[[noreturn]] void report_flight(Worker& w, uintptr_t p, bool write, const Cell& c, uintptr_t site) {
  fail(Fault::launch_failed, site,
       std::string(write ? "write to " : "read of ") + place(w, p) + ", where a cp.async of thread " +
           thread_name(w.thread[c.writer & thread_bits]) + " has not been waited for (issued at " +
           source_of(*w.launch->image, w.launch->image->base + c.write_site) + ")");
}

Cell* cells_of(Worker& w, uintptr_t p, size_t bytes, Cell*& end) {
  end = &w.cells[(p + bytes - 1 - w.shared_begin) / 2] + 1;
  return &w.cells[(p - w.shared_begin) / 2];
}

uint32_t offset_of(const Worker& w, uintptr_t site) { return static_cast<uint32_t>(site - w.launch->image->base); }

// A read by t is ordered after what was written.
[[gnu::always_inline]] inline void check_written(Worker& w, const Cell& c, int t, uintptr_t p, size_t bytes,
                                                 uintptr_t site) {
  if (c.writer & in_flight) report_flight(w, p, false, c, site);
  if (c.written >= w.epoch && !ordered(w, t, c.writer, c.written)) {
    report_race(w, p, bytes, false, c.writer == by_atomic ? "atomic operation" : "write",
                c.writer == by_atomic ? -1 : c.writer, c.write_site, site);
  }
}

void shared_read(Worker& w, uintptr_t p, size_t bytes, uintptr_t site) {
  int t = w.current->number;
  auto warp = static_cast<uint16_t>(t / lanes);
  uint32_t bit = 1u << t % lanes;
  Cell* end;
  for (Cell* c = cells_of(w, p, bytes, end); c < end; c++) {
    check_written(w, *c, t, p, bytes, site);
    if (c->read < w.epoch) {
      c->reader_warp = warp;
      c->reader_lanes = bit;
    } else if (c->reader_warp == warp) {
      c->reader_lanes |= bit;
    } else {
      c->reader_warp = many_warps;
    }
    c->read = w.now;
    c->read_site = offset_of(w, site);
    if (w.partial) w.read_stamps[(c - w.cells.data()) * max_warps + warp] = w.now;
  }
}

// The reader that a write by t is not ordered after; -1 when there is none, -2 when it is one of several warps.
int unordered_reader(const Worker& w, const Cell& c, int t) {
  if (c.read < w.epoch) return -1;
  auto knows_warp = [&](int warp, uint32_t members, uint32_t stamp) {
    for (; members != 0; members &= members - 1) {
      int u = warp * lanes + __builtin_ctz(members);
      if (u < w.threads && ordered(w, t, u, stamp)) return true;
    }
    return false;
  };
  int own = t / lanes;
  if (c.reader_warp == many_warps) {
    if (!w.partial) return -2;
    const uint32_t* stamps = &w.read_stamps[(&c - w.cells.data()) * max_warps];
    for (int v = 0; v < w.warps; v++) {
      if (v != own && stamps[v] >= w.epoch && !knows_warp(v, ~0u, stamps[v])) return v * lanes;
    }
    return -1;
  }
  if (c.reader_warp != own) {
    return knows_warp(c.reader_warp, c.reader_lanes, c.read) ? -1
                                                             : c.reader_warp * lanes + __builtin_ctz(c.reader_lanes);
  }
  for (uint32_t members = c.reader_lanes; members != 0; members &= members - 1) {
    int u = own * lanes + __builtin_ctz(members);
    if (!ordered(w, t, u, c.read)) return u;
  }
  return -1;
}

void shared_write(Worker& w, uintptr_t p, size_t bytes, uintptr_t site, uint16_t as) {
  int t = w.current->number;
  Cell* end;
  for (Cell* c = cells_of(w, p, bytes, end); c < end; c++) {
    if (c->writer & in_flight) report_flight(w, p, true, *c, site);
    bool both_atomic = as == by_atomic && c->writer == by_atomic;
    if (c->written >= w.epoch && !both_atomic && !ordered(w, t, c->writer, c->written)) {
      report_race(w, p, bytes, true, c->writer == by_atomic ? "atomic operation" : "write",
                  c->writer == by_atomic ? -1 : c->writer, c->write_site, site);
    }
    if (int reader = unordered_reader(w, *c, t); reader != -1) {
      report_race(w, p, bytes, true, "read", reader, c->read_site, site);
    }
    c->read = 0;
    c->written = w.now;
    c->writer = as;
    c->write_site = offset_of(w, site);
  }
}

[[noreturn]] void report_illegal(const Worker& w, uintptr_t p, size_t bytes, bool write, uintptr_t site) {
  char text[96];
  snprintf(text, sizeof text, "illegal address: %s of %zu bytes at 0x%zx, ", write ? "write" : "read", bytes, p);
  std::string why;
  if (p >= w.dynamic_begin && p < w.dynamic_limit) {
    why = "byte " + std::to_string(p - w.dynamic_begin) + " of dynamic shared memory, of which the launch gave " +
          std::to_string(w.dynamic_end - w.dynamic_begin);
  } else if (p + 4096 > w.shared_begin && p < w.shared_end + 4096) {
    why = "outside the block's static shared memory";
  } else {
    why = memory::describe(p);
    for (int i = 0; i < w.threads; i++) {
      if (p >= w.thread[i].stack_low && p < w.thread[i].stack_high) {
        why = "a local variable of thread " + thread_name(w.thread[i]);
      }
    }
  }
  fail(Fault::illegal_address, site, text + why);
}

void elsewhere(Worker& w, uintptr_t p, size_t bytes, bool write, uintptr_t site) {
  if (const auto* a = memory::find(reinterpret_cast<void*>(p))) {
    if (p >= a->base && p + bytes <= a->base + a->bytes &&
        (a->owner == w.launch->device || a->owner == memory::host || w.peers >> a->owner & 1)) {
      return;
    }
    report_illegal(w, p, bytes, write, site);
  }
  const Image& image = *w.launch->image;
  if (p >= (write ? image.writable : image.begin) && p + bytes <= image.end) return;
  if (memory::in_host_range(p, bytes)) return;
  report_illegal(w, p, bytes, write, site);
}

template <bool write>
[[gnu::always_inline]] inline void check(uintptr_t p, size_t bytes, uintptr_t site, bool atomic = false) {
  Worker* w = worker;
  if (w == nullptr) return;  // an image's own initialisation
  Thread& t = *w->current;
  if (p >= t.stack_low && p + bytes <= t.stack_high) return;
  if (p >= w->shared_begin && p + bytes <= w->shared_end) {
    if (p + bytes > w->dynamic_end && p + bytes > w->dynamic_begin && p < w->dynamic_limit) {
      report_illegal(*w, p, bytes, write, site);
    }
    if constexpr (write) {
      shared_write(*w, p, bytes, site, atomic ? by_atomic : t.number);
    } else {
      shared_read(*w, p, bytes, site);
    }
    return;
  }
  elsewhere(*w, p, bytes, write, site);
}

}  // namespace

void take_turns(uintptr_t site) {
  Thread& t = *worker->current;
  t.ticks = 0;
  t.accesses += ticks_per_turn;
  if (t.accesses >= accesses_until_hang) {
    fail(Fault::launch_timeout, site, "the thread has made no end of a loop for 2^31 accesses");
  }
  yield();
}

bool is_shared(const Worker& w, uintptr_t p) { return p >= w.shared_begin && p < w.shared_end; }

void check_read(uintptr_t p, size_t bytes, uintptr_t site) { check<false>(p, bytes, site); }
void check_write(uintptr_t p, size_t bytes, uintptr_t site) { check<true>(p, bytes, site); }
void check_atomic(uintptr_t p, size_t bytes, uintptr_t site) {
  check_aligned(p, bytes, "an atomic operation", site);
  check<true>(p, bytes, site, true);
}

void check_shared_source(uintptr_t p, size_t bytes, uintptr_t site) {
  Worker& w = *worker;
  if (p + bytes > w.shared_end || (p < w.dynamic_limit && p + bytes > w.dynamic_end && p + bytes > w.dynamic_begin)) {
    report_illegal(w, p, bytes, false, site);
  }
  Cell* end;
  for (Cell* c = cells_of(w, p, bytes, end); c < end; c++) check_written(w, *c, w.current->number, p, bytes, site);
}

void check_aligned(uintptr_t p, size_t bytes, const char* what, uintptr_t site) {
  if (p % bytes == 0) return;
  char text[160];
  snprintf(text, sizeof text, "misaligned address 0x%zx: %s needs a multiple of %zu bytes", p, what, bytes);
  fail(Fault::misaligned_address, site, text);
}

// Copies that a block left in flight are none of the next block's.
void end_block_checks(Worker& w) {
  for (int i = 0; i < w.threads; i++) {
    for (const CopyInFlight& c : w.thread[i].copies) end_flight(w, c.shared, c.bytes);
  }
  end_block_boxes(w);
}

void begin_block_checks(Worker& w) {
  size_t cells = (w.shared_end - w.shared_begin) / 2 + 1;
  if (w.cells.size() < cells) w.cells.resize(cells);
  if (w.known.size() < static_cast<size_t>(w.threads) * w.threads) w.known.resize(w.threads * w.threads);
  if (w.now > 0xf0000000u) {
    std::fill(w.cells.begin(), w.cells.end(), Cell{});
    std::fill(w.read_stamps.begin(), w.read_stamps.end(), 0);
    w.known_epoch.fill(0);
    w.now = 1;
  }
  order_block(w);
  auto poison = [](uintptr_t from, uintptr_t to) {
    if (from < to) memset(reinterpret_cast<void*>(from), 0xff, to - from);
  };
  poison(w.shared_begin, w.dynamic_begin);
  poison(w.dynamic_begin, w.dynamic_end);
  poison(w.dynamic_limit, w.shared_end);
}

void order_block(Worker& w) { w.epoch = ++w.now; }

void start_partial(Worker& w) {
  if (w.partial) return;
  w.partial = true;
  if (w.read_stamps.size() < w.cells.size() * max_warps) w.read_stamps.resize(w.cells.size() * max_warps);
}

void release_to(Worker& w, std::vector<uint32_t>& clock, int t) {
  start_partial(w);
  clock.resize(w.threads);
  const uint32_t* row = known_row(w, t);
  for (int u = 0; u < w.threads; u++) clock[u] = std::max(clock[u], row[u]);
  clock[t] = ++w.now;
}

void acquire_from(Worker& w, const std::vector<uint32_t>& clock, int t) {
  uint32_t* row = known_row(w, t);
  for (int u = 0; u < w.threads; u++) row[u] = std::max(row[u], clock[u]);
}

void order_warp(Worker& w, int warp, uint32_t mask) {
  uint32_t time = ++w.now;
  int begin = w.partial ? 0 : warp * lanes;
  int end = w.partial ? w.threads : std::min(begin + lanes, w.threads);
  uint32_t joined[max_threads] = {};
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const uint32_t* row = known_row(w, warp * lanes + __builtin_ctz(rest));
    for (int u = begin; u < end; u++) joined[u] = std::max(joined[u], row[u]);
  }
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) joined[warp * lanes + __builtin_ctz(rest)] = time;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    std::copy(joined + begin, joined + end, &w.known[(warp * lanes + __builtin_ctz(rest)) * w.threads + begin]);
  }
}

void begin_flight(Worker& w, uintptr_t p, size_t bytes) {
  Cell* end;
  for (Cell* c = cells_of(w, p, bytes, end); c < end; c++) c->writer |= in_flight;
}

void end_flight(Worker& w, uintptr_t p, size_t bytes) {
  Cell* end;
  for (Cell* c = cells_of(w, p, bytes, end); c < end; c++) {
    c->writer &= thread_bits;
    c->written = w.now;
  }
}

}  // namespace standin

namespace {

// An access that the compiler announced: a loop that waits for another thread must let it run.
template <bool write>
[[gnu::always_inline]] inline void access(uintptr_t p, size_t bytes, uintptr_t site) {
  standin::check<write>(p, bytes, site);
  standin::Worker* w = standin::worker;
  if (w == nullptr || ++w->current->ticks < standin::ticks_per_turn) return;
  standin::take_turns(site);
}

}  // namespace

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define STANDIN_ACCESS(bytes)                                                                               \
  void __tsan_read##bytes(uintptr_t p) { access<false>(p, bytes, STANDIN_CALLER); }                          \
  void __tsan_write##bytes(uintptr_t p) { access<true>(p, bytes, STANDIN_CALLER); }                          \
  void __tsan_unaligned_read##bytes(uintptr_t p) { access<false>(p, bytes, STANDIN_CALLER); }                \
  void __tsan_unaligned_write##bytes(uintptr_t p) { access<true>(p, bytes, STANDIN_CALLER); }                \
  void __tsan_volatile_read##bytes(uintptr_t p) { access<false>(p, bytes, STANDIN_CALLER); }                 \
  void __tsan_volatile_write##bytes(uintptr_t p) { access<true>(p, bytes, STANDIN_CALLER); }
STANDIN_ACCESS(1)
STANDIN_ACCESS(2)
STANDIN_ACCESS(4)
STANDIN_ACCESS(8)
STANDIN_ACCESS(16)
#undef STANDIN_ACCESS
void __tsan_read_range(uintptr_t p, size_t bytes) { access<false>(p, bytes, STANDIN_CALLER); }
void __tsan_write_range(uintptr_t p, size_t bytes) { access<true>(p, bytes, STANDIN_CALLER); }

// The descriptions that -fsanitize=alignment,bounds leaves beside its calls.
struct SanitizerLocation {
  const char* file;
  uint32_t line, column;
};
struct SanitizerType {
  uint16_t kind, info;
  char name[1];
};
struct SanitizerMismatch {
  SanitizerLocation location;
  const SanitizerType* type;
  unsigned char log_alignment, access;
};
struct SanitizerBounds {
  SanitizerLocation location;
  const SanitizerType *array, *index;
};

void __ubsan_handle_type_mismatch_v1(SanitizerMismatch* data, uintptr_t p) {
  if (standin::worker == nullptr) return;
  std::string what = std::string("an access as ") + data->type->name;
  standin::check_aligned(p, size_t{1} << data->log_alignment, what.c_str(), STANDIN_CALLER);
}

void __ubsan_handle_out_of_bounds(SanitizerBounds* data, uintptr_t index) {
  if (standin::worker == nullptr) return;
  standin::fail(standin::Fault::illegal_address, STANDIN_CALLER,
                "index " + std::to_string(static_cast<int64_t>(index)) + " is outside " + data->array->name);
}

}  // extern "C"
