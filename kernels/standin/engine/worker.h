// The state of one block in flight, shared by the files of the engine.
#pragma once
#include <array>
#include <atomic>
#include <bitset>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <map>
#include <string>
#include <vector>

#include "engine.h"
#include "tensor_map.h"

namespace standin {

constexpr int max_threads = 1024;
constexpr int lanes = 32;
constexpr int max_warps = max_threads / lanes;
constexpr int barriers = 16;

enum class State : uint8_t { ready, collective, barrier, mbarrier, cluster, done };

struct CopyInFlight {
  uintptr_t shared, global;
  uint8_t bytes, from_global;
  uint32_t group;  // the number of its commit group, counted from 1 in its thread
};

// A box of a matrix on its way to or from shared memory.
struct BoxInFlight {
  TensorMap map;
  int x, y;
  uintptr_t shared, site;
  uint32_t group;   // of a store: the number of its group, counted from 1 in its thread
  uint16_t thread;  // that started it
};

struct Thread {
  void* stack_pointer;
  uintptr_t stack_low, stack_high;
  Dim index;
  uint16_t number;
  State state;
  int barrier;
  int line;  // of the __syncthreads that it waits at
  const char* file;
  uintptr_t site;  // return address into the kernel
  uintptr_t mbarrier;  // that it waits at
  int predicate;
  uint32_t ticks;     // accesses since its last turn
  uint64_t accesses;  // since it last waited
  uint32_t committed;  // groups of asynchronous copies
  uint32_t cluster_arrivals, cluster_waits;
  std::vector<CopyInFlight> copies;
  uint32_t stores_committed;
  std::vector<BoxInFlight> stores;
};

// What a lane brings to an operation of its warp.
struct Offer {
  void (*run)(struct Worker&, int warp, uint32_t mask);
  const char* name;
  uint32_t mask;
  uint64_t kind;  // lanes meet only if they ask for the same
  uint64_t value, result;
  int operand, width;
  float d[4];
  uint32_t a[4], b[2];
  uintptr_t address;
};

struct Warp {
  uint32_t present, exited, ready, waiting;
  std::array<Offer, lanes> offers;
};

struct Barrier {
  int expected = 0, arrived = 0;
  std::bitset<max_threads> members, waiting;
  std::vector<uint32_t> clock;  // what those who arrived knew of everyone's releases
};

// A barrier in shared memory.
struct Mbarrier {
  int arrivals = 0, pending = 0;  // of a phase; of them still to come in this one
  int64_t bytes = 0;      // announced and not brought
  uint32_t phase = 0;     // how many have ended
  std::vector<BoxInFlight> loads;
  std::vector<uint32_t> clock, ended;  // what those knew who arrived in this phase, and in the last
};

// The barrier of one cluster, whose blocks run on a worker each. A phase ends when every block has arrived or ended.
struct Cluster {
  std::mutex mutex;
  std::condition_variable passed;
  uint64_t blocks, arrived = 0, ended = 0, phase = 0;

  explicit Cluster(uint64_t blocks) : blocks(blocks) {}
  // False if the launch was given up meanwhile.
  bool arrive_and_wait(const std::atomic<bool>& stop);
  void end_block();

 private:
  void complete();
};

// Who touched two bytes of shared memory last; stamps are times of the worker's clock.
struct Cell {
  uint32_t written, read;
  uint16_t writer, reader_warp;
  uint32_t reader_lanes;
  uint32_t write_site, read_site;  // offsets from the image's base
};
constexpr uint16_t many_warps = 0xffff;
constexpr uint16_t in_flight = 0x8000;  // flag of Cell::writer: an asynchronous copy

struct Worker {
  void* scheduler_stack;
  const Launch* launch;
  Thread* current;
  Dim block;
  int threads, warps, alive;
  int predicates, counted;  // true ones and all at the last __syncthreads_count or its like
  bool yielded;    // the current thread gave its turn away
  Cluster* cluster = nullptr;  // null where a launch has none
  const std::atomic<bool>* stop = nullptr;
  uint32_t rank = 0, phases = 0;  // of the block in its cluster; phases of the barrier that it has passed
  bool given_up = false;          // another block failed while this one waited for it
  std::array<Thread, max_threads> thread;
  std::array<Warp, max_warps> warp;
  std::array<Barrier, barriers> barrier;
  std::map<uintptr_t, Mbarrier> mbarriers;
  void* arguments[256];
  std::optional<Failure> failure;

  uintptr_t shared_begin = 0, shared_end = 0, dynamic_begin = 0, dynamic_end = 0, dynamic_limit = 0;
  uint64_t peers;

  // The race detector's clock: it goes on at every release; accesses before `epoch` are ordered before everything.
  uint32_t now = 1, epoch = 1;
  bool partial = false;  // a barrier of a part of the block was used in this launch
  std::vector<Cell> cells;
  std::vector<uint32_t> read_stamps;  // per cell and warp, once partial
  std::vector<uint32_t> known;        // known[t * threads + u]: t's knowledge of u's last release
  std::array<uint32_t, max_threads> known_epoch;
};

extern thread_local Worker* worker __attribute__((tls_model("initial-exec")));

// engine.cc
[[noreturn]] void fail(Fault fault, uintptr_t site, const std::string& what);
void wait();  // leaves the current thread until something made it ready
void yield();
void make_ready(Worker& w, int thread);
std::string thread_name(const Thread& t);
std::string source_name(std::string path);
std::string source_of(const Image& image, uintptr_t site);

// cluster.cc
Dim block_of(const Launch& launch, uint64_t number);
bool pass_cluster(Worker& w);

// box.cc
// Ends what phases can end, once no thread can go on: as late as may be, so that who does not wait is seen.
bool complete_boxes(Worker& w);
void end_boxes(Worker& w);  // of the current thread, which returns
void end_block_boxes(Worker& w);
std::string mbarrier_name(const Worker& w, uintptr_t barrier);

// warp.cc
Offer& own();  // of the current thread
// Waits until all lanes of `mask` have offered the same, and the last of them has run it.
void meet(const char* name, uint64_t kind, uint32_t mask, void (*run)(Worker&, int, uint32_t), uintptr_t site);
void check_offers_after_exit(Worker& w, int warp);

// check.cc
void begin_block_checks(Worker& w);
void end_block_checks(Worker& w);
void check_read(uintptr_t p, size_t bytes, uintptr_t site);
void check_write(uintptr_t p, size_t bytes, uintptr_t site);
void check_atomic(uintptr_t p, size_t bytes, uintptr_t site);
void check_aligned(uintptr_t p, size_t bytes, const char* what, uintptr_t site);
// For a read by an asynchronous copy, which its thread has to wait for.
void check_shared_source(uintptr_t p, size_t bytes, uintptr_t site);
bool is_shared(const Worker& w, uintptr_t p);
void order_block(Worker& w);
void release_to(Worker& w, std::vector<uint32_t>& clock, int t);
void acquire_from(Worker& w, const std::vector<uint32_t>& clock, int t);
void order_warp(Worker& w, int warp, uint32_t mask);
void begin_flight(Worker& w, uintptr_t p, size_t bytes);
void end_flight(Worker& w, uintptr_t p, size_t bytes);

}  // namespace standin

#define STANDIN_CALLER reinterpret_cast<uintptr_t>(__builtin_return_address(0))
