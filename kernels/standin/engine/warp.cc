// What the lanes of a warp do together. A lane lays down its part (an Offer) and waits; the last of the lanes that its
// mask names does the work for all.
#include <cmath>
#include <cstring>

#include "worker.h"
// After the C++ headers: its names of CUDA's attributes are words of theirs.
#include "prelude.h"

namespace standin {

namespace {

template <class F>
void each(uint32_t mask, F&& f) {
  for (; mask != 0; mask &= mask - 1) f(__builtin_ctz(mask));
}

bool complete(Worker& w, int warp, const Offer& o) {
  Warp& v = w.warp[warp];
  uint32_t need = o.mask & v.present & ~v.exited;
  if ((v.waiting & need) != need) return false;
  for (uint32_t rest = need; rest != 0; rest &= rest - 1) {
    const Offer& other = v.offers[__builtin_ctz(rest)];
    if (other.run != o.run || other.kind != o.kind || other.mask != o.mask) return false;
  }
  v.waiting &= ~need;
  o.run(w, warp, need);
  each(need, [&](int lane) { make_ready(w, warp * lanes + lane); });
  return true;
}

}  // namespace

Offer& own() {
  Worker& w = *worker;
  return w.warp[w.current->number / lanes].offers[w.current->number % lanes];
}

void meet(const char* name, uint64_t kind, uint32_t mask, void (*run)(Worker&, int, uint32_t), uintptr_t site) {
  Worker& w = *worker;
  Thread& t = *w.current;
  int warp = t.number / lanes;
  uint32_t bit = 1u << t.number % lanes;
  Offer& o = w.warp[warp].offers[t.number % lanes];
  o.name = name;
  o.kind = kind;
  o.mask = mask;
  o.run = run;
  t.site = site;
  if (!(mask & bit)) fail(Fault::launch_failed, site, std::string(name) + " with a mask that leaves its own lane out");
  w.warp[warp].waiting |= bit;
  t.state = State::collective;
  if (!complete(w, warp, o)) wait();
}

void check_offers_after_exit(Worker& w, int warp) {
  Warp& v = w.warp[warp];
  each(v.waiting, [&](int lane) {
    if (v.waiting >> lane & 1) complete(w, warp, v.offers[lane]);
  });
}

void sync_warp(unsigned mask) { meet("__syncwarp", 0, mask, order_warp, STANDIN_CALLER); }

// PTX ISA, shfl.sync: a lane whose source is outside its segment keeps its own value.
uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t value, int operand, int width) {
  uintptr_t site = STANDIN_CALLER;
  if (width < 1 || width > lanes || (width & (width - 1)) != 0) {
    fail(Fault::launch_failed, site, "a shuffle's width is a power of two up to 32, not " + std::to_string(width));
  }
  Offer& o = own();
  o.value = value;
  o.operand = operand;
  o.width = width;
  auto run = [](Worker& w, int warp, uint32_t present) {
    auto& offers = w.warp[warp].offers;
    each(present, [&](int lane) {
      Offer& o = offers[lane];
      int first = lane & ~(o.width - 1), last = first + o.width - 1, from = lane;
      switch (static_cast<Shuffle>(o.kind)) {
        case Shuffle::index: from = first + (o.operand & (o.width - 1)); break;
        case Shuffle::up: from = lane - o.operand >= first ? lane - o.operand : lane; break;
        case Shuffle::down: from = lane + o.operand <= last ? lane + o.operand : lane; break;
        case Shuffle::exclusive: from = (lane ^ o.operand) <= last ? lane ^ o.operand : lane; break;
      }
      if (from >= lanes || !(present >> from & 1)) {
        fail(Fault::launch_failed, w.current->site,
             "lane " + std::to_string(lane) + " shuffles from lane " + std::to_string(from) +
                 ", which does not take part");
      }
      o.result = offers[from].value;
    });
  };
  meet("__shfl_sync", static_cast<uint64_t>(kind), mask, run, site);
  return o.result;
}

unsigned vote(Vote kind, unsigned mask, bool predicate) {
  Offer& o = own();
  o.value = predicate;
  auto run = [](Worker& w, int warp, uint32_t present) {
    auto& offers = w.warp[warp].offers;
    uint32_t yes = 0;
    each(present, [&](int lane) { yes |= static_cast<uint32_t>(offers[lane].value) << lane; });
    each(present, [&](int lane) {
      Offer& o = offers[lane];
      auto kind = static_cast<Vote>(o.kind);
      o.result = kind == Vote::ballot ? yes : kind == Vote::any ? yes != 0 : yes == present;
    });
  };
  meet(kind == Vote::ballot ? "__ballot_sync" : kind == Vote::any ? "__any_sync" : "__all_sync",
       static_cast<uint64_t>(kind), mask, run, STANDIN_CALLER);
  return static_cast<unsigned>(o.result);
}

uint32_t reduce(Reduce kind, unsigned mask, uint32_t value) {
  Offer& o = own();
  o.value = value;
  auto run = [](Worker& w, int warp, uint32_t present) {
    auto& offers = w.warp[warp].offers;
    bool first = true;
    uint32_t all = 0;
    each(present, [&](int lane) {
      auto v = static_cast<uint32_t>(offers[lane].value);
      auto a = static_cast<int32_t>(all), b = static_cast<int32_t>(v);
      if (first) {
        all = v;
      } else {
        switch (static_cast<Reduce>(offers[lane].kind)) {
          case Reduce::add_signed:
          case Reduce::add: all += v; break;
          case Reduce::min_signed: all = static_cast<uint32_t>(std::min(a, b)); break;
          case Reduce::min: all = std::min(all, v); break;
          case Reduce::max_signed: all = static_cast<uint32_t>(std::max(a, b)); break;
          case Reduce::max: all = std::max(all, v); break;
          case Reduce::conjunction: all &= v; break;
          case Reduce::disjunction: all |= v; break;
          case Reduce::exclusive: all ^= v; break;
        }
      }
      first = false;
    });
    each(present, [&](int lane) { offers[lane].result = all; });
  };
  meet("__reduce_sync", static_cast<uint64_t>(kind), mask, run, STANDIN_CALLER);
  return static_cast<uint32_t>(o.result);
}

// PTX ISA, ldmatrix: lanes 8 j to 8 j + 7 hold the row addresses of matrix j; lane l receives the elements 2 (l % 4) and
// the next of row l / 4, transposed those of the column. Matrix j of .x2 has its addresses in lanes below 16.
Words load_matrices(int count, const void* row, bool transposed) {
  Offer& o = own();
  o.address = reinterpret_cast<uintptr_t>(row);
  auto run = [](Worker& w, int number, uint32_t present) {
    if (present != ~0u) fail(Fault::launch_failed, w.current->site, "ldmatrix needs all 32 lanes of its warp");
    auto& offers = w.warp[number].offers;
    int count = static_cast<int>(offers[0].kind >> 1);
    bool transposed = offers[0].kind & 1;
    Thread* last = w.current;
    for (int j = 0; j < count; j++) {
      uint16_t matrix[8][8];
      for (int r = 0; r < 8; r++) {
        uintptr_t address = offers[j * 8 + r].address;
        // Reported as an access by the lane that gave the address.
        w.current = &w.thread[number * lanes + j * 8 + r];
        uintptr_t site = w.current->site;
        if (address % 16 != 0 || !is_shared(w, address)) {
          std::string reason = address % 16 != 0 ? "is not a multiple of 16" : "is not in shared memory";
          fail(address % 16 != 0 ? Fault::misaligned_address : Fault::illegal_address, site,
               "the row address of ldmatrix " + reason);
        }
        for (int lane = 0; lane < 8; lane += 2) check_read(address + lane * 2, 4, site);
        memcpy(matrix[r], reinterpret_cast<const void*>(address), 16);
      }
      for (int lane = 0; lane < lanes; lane++) {
        int g = lane / 4, t = lane % 4;
        uint32_t low = transposed ? matrix[2 * t][g] : matrix[g][2 * t];
        uint32_t high = transposed ? matrix[2 * t + 1][g] : matrix[g][2 * t + 1];
        offers[lane].a[j] = low | high << 16;
      }
    }
    w.current = last;
  };
  meet("ldmatrix", static_cast<uint64_t>(count) << 1 | transposed, ~0u, run, STANDIN_CALLER);
  Words words{};
  std::copy(o.a, o.a + count, words.r);
  return words;
}

// PTX ISA, cvt.rna.tf32.f32: to nearest, ties away from zero.
uint32_t to_tf32(float x) {
  uint32_t word = bit_cast<uint32_t>(x);
  if ((word & 0x7f800000u) == 0x7f800000u) return word;
  return (word + 0x1000u) & 0xffffe000u;
}

// PTX ISA, ex2.approx.ftz.f32: subnormal inputs and results are zeros of their sign.
float ex2(float x) {
  if (std::fpclassify(x) == FP_SUBNORMAL) x = std::copysign(0.0f, x);
  float y = exp2f(x);
  return std::fpclassify(y) == FP_SUBNORMAL ? 0.0f : y;
}

namespace {

template <class T>
T apply(Atomic kind, T old, T value) {
  switch (kind) {
    case Atomic::add: return old + value;
    case Atomic::min: return std::min(old, value);
    case Atomic::max: return std::max(old, value);
    case Atomic::exchange: return value;
    case Atomic::conjunction:
    case Atomic::disjunction:
    case Atomic::exclusive:
      if constexpr (std::is_integral_v<T>) {
        return kind == Atomic::conjunction ? old & value : kind == Atomic::disjunction ? old | value : old ^ value;
      }
  }
  return value;
}

// Blocks run on several threads, so the update of global memory must be one.
template <class T>
T update(Atomic kind, void* address, T value, uintptr_t site) {
  check_atomic(reinterpret_cast<uintptr_t>(address), sizeof(T), site);
  using Word = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  auto* p = static_cast<Word*>(address);
  Word old = __atomic_load_n(p, __ATOMIC_SEQ_CST);
  while (!__atomic_compare_exchange_n(p, &old, bit_cast<Word>(apply(kind, bit_cast<T>(old), value)), false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return bit_cast<T>(old);
}

template <class T>
T swap(T* p, T expected, T value, uintptr_t site) {
  check_atomic(reinterpret_cast<uintptr_t>(p), sizeof(T), site);
  __atomic_compare_exchange_n(p, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}

}  // namespace

uint32_t atomic(Atomic kind, uint32_t* address, uint32_t value, bool is_signed) {
  if (!is_signed) return update(kind, address, value, STANDIN_CALLER);
  return static_cast<uint32_t>(update(kind, address, static_cast<int32_t>(value), STANDIN_CALLER));
}
uint64_t atomic(Atomic kind, unsigned long long* address, uint64_t value) {
  return update(kind, address, value, STANDIN_CALLER);
}
float atomic_add(float* address, float value) { return update(Atomic::add, address, value, STANDIN_CALLER); }
double atomic_add(double* address, double value) { return update(Atomic::add, address, value, STANDIN_CALLER); }
uint32_t atomic_cas(uint32_t* address, uint32_t expected, uint32_t value) {
  return swap(address, expected, value, STANDIN_CALLER);
}
uint64_t atomic_cas(unsigned long long* address, uint64_t expected, uint64_t value) {
  return swap(address, static_cast<unsigned long long>(expected), static_cast<unsigned long long>(value),
              STANDIN_CALLER);
}

}  // namespace standin
