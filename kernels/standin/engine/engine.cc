#include "engine.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "worker.h"
// After the C++ headers: its names of CUDA's attributes are words of theirs.
#include "prelude.h"

// Saves the registers that a call must keep, and the stack, in exchange for those of another fiber.
asm(R"(
.text
.globl standin_switch
.hidden standin_switch
.type standin_switch, @function
standin_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size standin_switch, .-standin_switch
)");
extern "C" void standin_switch(void** save, void* to);

namespace standin {

thread_local Worker* worker = nullptr;

namespace {

constexpr size_t stack_bytes = 128 << 10;
constexpr size_t guard_bytes = 4096;

size_t places(uint32_t bytes) { return (bytes + sizeof(Place) - 1) / sizeof(Place); }

void to_scheduler(Worker& w) { standin_switch(&w.current->stack_pointer, w.scheduler_stack); }

// The first frame of every fiber.
void thread_main() {
  Worker& w = *worker;
  w.launch->entry->call(w.arguments);
  Worker& after = *worker;
  end_boxes(after);
  Thread& t = *after.current;
  t.state = State::done;
  Warp& warp = after.warp[t.number / lanes];
  warp.exited |= 1u << t.number % lanes;
  warp.ready &= ~(1u << t.number % lanes);
  after.alive--;
  to_scheduler(after);
  __builtin_unreachable();
}

void prepare(Thread& t) {
  auto* top = reinterpret_cast<uint64_t*>(t.stack_high);
  // After the switch's `ret` the stack must stand as after a call: 8 bytes off a multiple of 16.
  *--top = 0;
  *--top = reinterpret_cast<uint64_t>(&thread_main);
  for (int i = 0; i < 6; i++) *--top = 0;
  t.stack_pointer = top;
}

void release_barrier(Worker& w, int id) {
  Barrier& b = w.barrier[id];
  w.predicates = 0;
  w.counted = b.arrived;
  if (id == 0) order_block(w);
  for (int i = 0; i < w.threads; i++) {
    if (!b.waiting[i]) continue;
    if (id == 0) w.predicates += w.thread[i].predicate != 0;
    if (id != 0) acquire_from(w, b.clock, i);
    make_ready(w, i);
  }
  b = {};
}

std::string list(const std::vector<int>& threads) {
  std::string s;
  for (size_t i = 0; i < threads.size();) {
    size_t j = i;
    while (j + 1 < threads.size() && threads[j + 1] == threads[j] + 1) j++;
    if (!s.empty()) s += ", ";
    s += std::to_string(threads[i]);
    if (j > i) s += " to " + std::to_string(threads[j]);
    i = j + 1;
  }
  return s;
}

// Nobody can go on: says who waits for what.
void report_deadlock(Worker& w) {
  std::vector<std::pair<std::string, std::vector<int>>> groups;
  std::vector<int> exited;
  for (int i = 0; i < w.threads; i++) {
    const Thread& t = w.thread[i];
    std::string where;
    if (t.state == State::done) {
      exited.push_back(i);
      continue;
    }
    if (t.state == State::barrier && t.barrier == 0) {
      where = "__syncthreads at " + source_name(t.file) + ":" + std::to_string(t.line);
    } else if (t.state == State::mbarrier) {
      where = mbarrier_name(w, t.mbarrier) + " at " + source_of(*w.launch->image, t.site);
    } else if (t.state == State::cluster) {
      where = "the cluster's barrier at " + source_of(*w.launch->image, t.site);
    } else if (t.state == State::barrier) {
      const Barrier& b = w.barrier[t.barrier];
      where = "barrier " + std::to_string(t.barrier) + " (" + std::to_string(b.arrived) + " of " +
              std::to_string(b.expected) + " threads arrived) at " + source_of(*w.launch->image, t.site);
    } else {
      const Offer& o = w.warp[i / lanes].offers[i % lanes];
      char mask[16];
      snprintf(mask, sizeof mask, "0x%08x", o.mask);
      where = std::string(o.name) + " with mask " + mask + " at " + source_of(*w.launch->image, t.site);
    }
    auto known = std::find_if(groups.begin(), groups.end(), [&](auto& g) { return g.first == where; });
    if (known == groups.end()) known = groups.insert(groups.end(), {where, {}});
    known->second.push_back(i);
  }
  std::string sentence = "deadlock:";
  for (auto& [where, members] : groups) sentence += " threads " + list(members) + " wait for " + where + ";";
  if (!exited.empty()) sentence += " threads " + list(exited) + " have returned;";
  sentence.back() = '.';
  w.failure = Failure{Fault::launch_timeout, "kernel " + std::string(w.launch->entry->name) + ", block (" +
                                                 std::to_string(w.block.x) + ", " + std::to_string(w.block.y) + ", " +
                                                 std::to_string(w.block.z) + "): " + sentence};
}

// Exited threads are counted out of barrier 0, as the PTX ISA says of exit.
bool barrier_zero_complete(const Worker& w) {
  return w.barrier[0].arrived > 0 && w.barrier[0].arrived == w.alive;
}

void run_block(Worker& w, Dim block) {
  const Launch& launch = *w.launch;
  w.block = block;
  w.threads = static_cast<int>(launch.block.count());
  w.warps = (w.threads + lanes - 1) / lanes;
  w.alive = w.threads;
  w.barrier = {};
  begin_block_checks(w);
  int number = 0;
  for (uint32_t z = 0; z < launch.block.z; z++) {
    for (uint32_t y = 0; y < launch.block.y; y++) {
      for (uint32_t x = 0; x < launch.block.x; x++, number++) {
        Thread& t = w.thread[number];
        t.index = {x, y, z};
        t.number = static_cast<uint16_t>(number);
        t.state = State::ready;
        t.ticks = 0;
        t.accesses = 0;
        t.committed = 0;
        t.cluster_arrivals = t.cluster_waits = 0;
        t.copies.clear();
        t.stores_committed = 0;
        t.stores.clear();
        prepare(t);
      }
    }
  }
  for (int i = 0; i < w.warps; i++) {
    int size = std::min(lanes, w.threads - i * lanes);
    uint32_t all = size == lanes ? ~0u : (1u << size) - 1;
    w.warp[i].present = w.warp[i].ready = all;
    w.warp[i].exited = w.warp[i].waiting = 0;
  }
  while (w.alive > 0) {
    bool progress = false;
    for (int i = 0; i < w.warps; i++) {
      // One round over the lanes that are ready now, again while the warp itself makes others ready.
      while (uint32_t ready = w.warp[i].ready) {
        uint32_t exited = w.warp[i].exited;
        bool yielded = false;
        for (; ready != 0; ready &= ready - 1) {
          Thread& t = w.thread[i * lanes + __builtin_ctz(ready)];
          if (t.state != State::ready) continue;
          w.current = &t;
          w.yielded = false;
          standin_switch(&w.scheduler_stack, t.stack_pointer);
          if (w.failure) return;
          progress = true;
          yielded |= w.yielded;
        }
        if (w.warp[i].exited != exited) check_offers_after_exit(w, i);
        if (yielded) break;
      }
    }
    if (barrier_zero_complete(w)) {
      release_barrier(w, 0);
      progress = true;
    }
    if (progress || w.alive == 0 || complete_boxes(w) || pass_cluster(w)) {
      if (w.given_up) return;
      continue;
    }
    return report_deadlock(w);
  }
}

void* shared_segment(const Image& image) {
  // The segment exists for this worker once it has been touched.
  image.dynamic_shared();
  struct Query {
    size_t module;
    void* data;
  } query{image.tls_module, nullptr};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* p) {
        auto* q = static_cast<Query*>(p);
        if (info->dlpi_tls_modid != q->module) return 0;
        q->data = info->dlpi_tls_data;
        return 1;
      },
      &query);
  return query.data;
}

// Threads that run blocks, started at the first launch and kept.
struct Pool {
  std::mutex mutex;
  std::condition_variable work, finished;
  const Launch* launch = nullptr;
  uint64_t round = 0;
  int busy = 0, size = 0;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::optional<Failure> failure;
  uint64_t failed_block = 0;
  std::vector<std::unique_ptr<Cluster>> clusters;  // of a launch that has them

  Pool() {
    const char* wish = std::getenv("STANDIN_THREADS");
    int cores = static_cast<int>(std::thread::hardware_concurrency());
    grow(wish != nullptr ? std::max(1, atoi(wish)) : std::clamp(cores, 1, 8));
  }

  void grow(int wanted) {
    for (; size < wanted; size++) std::thread([this] { serve(); }).detach();
  }

  void serve() {
    auto* w = new Worker();
    auto* stacks = static_cast<char*>(mmap(nullptr, max_threads * stack_bytes, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    for (int i = 0; i < max_threads; i++) {
      char* low = stacks + i * stack_bytes;
      mprotect(low, guard_bytes, PROT_NONE);
      w->thread[i].stack_low = reinterpret_cast<uintptr_t>(low);
      w->thread[i].stack_high = reinterpret_cast<uintptr_t>(low + stack_bytes);
    }
    worker = w;
    uint64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [&] { return round != seen; });
      seen = round;
      const Launch& l = *launch;
      lock.unlock();
      blocks(*w, l);
      lock.lock();
      if (--busy == 0) finished.notify_all();
    }
  }

  void blocks(Worker& w, const Launch& l) {
    uint64_t count = l.grid.count();
    if (next.load() >= count) return;
    w.launch = &l;
    w.stop = &stop;
    w.peers = l.peers;
    w.failure.reset();
    w.partial = false;
    size_t offset = 0;
    for (uint32_t i = 0; i < l.entry->parameters; i++) {
      w.arguments[i] = l.arguments->data() + offset;
      offset += places(l.entry->sizes[i]);
    }
    auto* segment = static_cast<char*>(shared_segment(*l.image));
    w.shared_begin = reinterpret_cast<uintptr_t>(segment);
    w.shared_end = w.shared_begin + l.image->tls_bytes;
    w.dynamic_begin = reinterpret_cast<uintptr_t>(l.image->dynamic_shared());
    w.dynamic_end = w.dynamic_begin + l.dynamic_bytes;
    w.dynamic_limit = w.dynamic_begin + dynamic_shared_bytes;
    while (!stop) {
      uint64_t i = next.fetch_add(1);
      if (i >= count) return;
      w.cluster = clusters.empty() ? nullptr : clusters[i / l.cluster.count()].get();
      w.rank = static_cast<uint32_t>(i % l.cluster.count());
      w.phases = 0;
      w.given_up = false;
      run_block(w, block_of(l, i));
      if (w.cluster != nullptr) w.cluster->end_block();
      if (w.given_up) return;
      end_block_checks(w);
      if (!w.failure) continue;
      std::lock_guard lock(mutex);
      if (!failure || i < failed_block) {
        failure = w.failure;
        failed_block = i;
      }
      stop = true;
    }
  }

  std::optional<Failure> run(const Launch& l) {
    std::unique_lock lock(mutex);
    launch = &l;
    next = 0;
    stop = false;
    failure.reset();
    clusters.clear();
    if (uint64_t blocks = l.cluster.count(); blocks > 1) {
      for (uint64_t i = 0; i < l.grid.count() / blocks; i++) clusters.push_back(std::make_unique<Cluster>(blocks));
      grow(static_cast<int>(blocks));
    }
    busy = size;
    round++;
    work.notify_all();
    finished.wait(lock, [&] { return busy == 0; });
    return failure;
  }
};

}  // namespace

void make_ready(Worker& w, int thread) {
  w.thread[thread].state = State::ready;
  w.thread[thread].accesses = 0;
  w.warp[thread / lanes].ready |= 1u << thread % lanes;
}

void wait() {
  Worker& w = *worker;
  Thread& t = *w.current;
  w.warp[t.number / lanes].ready &= ~(1u << t.number % lanes);
  to_scheduler(w);
}

void yield() {
  worker->yielded = true;
  to_scheduler(*worker);
}

std::string thread_name(const Thread& t) {
  return "(" + std::to_string(t.index.x) + ", " + std::to_string(t.index.y) + ", " + std::to_string(t.index.z) + ")";
}

void fail(Fault fault, uintptr_t site, const std::string& what) {
  Worker& w = *worker;
  w.failure = Failure{fault, "kernel " + std::string(w.launch->entry->name) + ", block (" +
                                 std::to_string(w.block.x) + ", " + std::to_string(w.block.y) + ", " +
                                 std::to_string(w.block.z) + "), thread " + thread_name(*w.current) + ", " +
                                 source_of(*w.launch->image, site) + ": " + what + "."};
  to_scheduler(w);
  __builtin_unreachable();
}

void trap() { fail(Fault::launch_failed, STANDIN_CALLER, "__trap was called"); }

int sync_threads(Count count, int predicate, int line, const char* file) {
  Worker& w = *worker;
  Thread& t = *w.current;
  if (w.barrier[0].arrived > 0) {
    for (int i = 0; i < w.threads; i++) {
      const Thread& other = w.thread[i];
      if (!w.barrier[0].waiting[i]) continue;
      if (other.line != line || strcmp(other.file, file) != 0) {
        fail(Fault::launch_failed, STANDIN_CALLER,
             "divergent barrier: thread " + thread_name(other) + " waits at the __syncthreads at " +
                 source_name(other.file) + ":" + std::to_string(other.line) + ", this one reached another");
      }
      break;
    }
  }
  t.line = line;
  t.file = file;
  t.site = STANDIN_CALLER;
  t.predicate = predicate;
  t.state = State::barrier;
  t.barrier = 0;
  w.barrier[0].arrived++;
  w.barrier[0].waiting[t.number] = true;
  w.barrier[0].members[t.number] = true;
  if (barrier_zero_complete(w)) {
    release_barrier(w, 0);
  } else {
    wait();
  }
  if (count == Count::none) return 0;
  // The next barrier is complete only after this thread has reached it, so the sum is still that of this one.
  int sum = w.predicates;
  return count == Count::sum ? sum : count == Count::conjunction ? sum == w.counted : sum > 0;
}

namespace {

// PTX ISA, bar: the thread count is a multiple of the warp size; a barrier in use keeps its count.
Barrier& arrive(int id, int threads, uintptr_t site) {
  Worker& w = *worker;
  if (id < 1 || id >= barriers) fail(Fault::launch_failed, site, "barrier " + std::to_string(id) + " is not 1 to 15");
  Barrier& b = w.barrier[id];
  if (threads % lanes != 0 || threads <= 0 || threads > w.threads) {
    fail(Fault::launch_failed, site,
         "barrier " + std::to_string(id) + " is asked for " + std::to_string(threads) + " of " +
             std::to_string(w.threads) + " threads; it takes whole warps of the block");
  }
  if (b.arrived > 0 && b.expected != threads) {
    fail(Fault::launch_failed, site,
         "barrier " + std::to_string(id) + " is asked for " + std::to_string(threads) + " threads while it waits for " +
             std::to_string(b.expected));
  }
  if (b.members[w.current->number]) {
    fail(Fault::launch_failed, site, "the thread arrives twice at barrier " + std::to_string(id));
  }
  b.expected = threads;
  b.arrived++;
  b.members[w.current->number] = true;
  release_to(w, b.clock, w.current->number);
  return b;
}

}  // namespace

void bar_sync(int id, int threads) {
  Worker& w = *worker;
  Thread& t = *w.current;
  Barrier& b = arrive(id, threads, STANDIN_CALLER);
  b.waiting[t.number] = true;
  t.state = State::barrier;
  t.barrier = id;
  t.site = STANDIN_CALLER;
  if (b.arrived == b.expected) {
    release_barrier(w, id);
  } else {
    wait();
  }
}

void bar_arrive(int id, int threads) {
  Barrier& b = arrive(id, threads, STANDIN_CALLER);
  if (b.arrived == b.expected) release_barrier(*worker, id);
}

uint3 thread_index() {
  const Dim& d = worker->current->index;
  return {d.x, d.y, d.z};
}
uint3 block_index() {
  const Dim& d = worker->block;
  return {d.x, d.y, d.z};
}
dim3 block_size() {
  const Dim& d = worker->launch->block;
  return {d.x, d.y, d.z};
}
dim3 grid_size() {
  const Dim& d = worker->launch->grid;
  return {d.x, d.y, d.z};
}

Arguments pack(const Entry& entry, void* const* arguments) {
  size_t count = 0;
  for (uint32_t i = 0; i < entry.parameters; i++) count += places(entry.sizes[i]);
  auto packed = std::make_shared<std::vector<Place>>(count);
  size_t offset = 0;
  for (uint32_t i = 0; i < entry.parameters; i++) {
    memcpy(packed->data() + offset, arguments[i], entry.sizes[i]);
    offset += places(entry.sizes[i]);
  }
  return packed;
}

std::optional<Failure> run(const Launch& launch) {
  static Pool* pool = new Pool();
  return pool->run(launch);
}

}  // namespace standin
