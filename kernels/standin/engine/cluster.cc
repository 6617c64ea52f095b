// Clusters: blocks that run at the same time, a worker each, and meet at one barrier. The shared memory of another block
// cannot be reached here.
#include <chrono>

#include "worker.h"
// After the C++ headers: its names of CUDA's attributes are words of theirs.
#include "prelude.h"

namespace standin {

void Cluster::complete() {
  if (arrived == 0 || arrived + ended < blocks) return;
  arrived = 0;
  phase++;
  passed.notify_all();
}

bool Cluster::arrive_and_wait(const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex);
  uint64_t before = phase;
  arrived++;
  complete();
  // a failure elsewhere is not told to every cluster
  while (phase == before && !stop) passed.wait_for(lock, std::chrono::milliseconds(1));
  return phase != before;
}

void Cluster::end_block() {
  std::lock_guard lock(mutex);
  ended++;
  complete();
}

// Blocks are handed out cluster by cluster, so that those of the first unfinished one always have workers.
Dim block_of(const Launch& l, uint64_t number) {
  const Dim &c = l.cluster, &g = l.grid;
  uint64_t cluster = number / c.count(), rank = number % c.count();
  uint64_t across = g.x / c.x, down = g.y / c.y;
  return {static_cast<uint32_t>(cluster % across * c.x + rank % c.x),
          static_cast<uint32_t>(cluster / across % down * c.y + rank / c.x % c.y),
          static_cast<uint32_t>(cluster / across / down * c.z + rank / c.x / c.y)};
}

// Once no thread of the block can go on by itself: if all that are left have arrived, so has the block. What a thread
// does between its arrival and its wait counts as ordered before the barrier too.
bool pass_cluster(Worker& w) {
  for (int i = 0; i < w.threads; i++) {
    const Thread& t = w.thread[i];
    if (t.state != State::done && t.cluster_arrivals == w.phases) return false;
  }
  // a launch without clusters has clusters of one block
  if (w.cluster != nullptr && !w.cluster->arrive_and_wait(*w.stop)) {
    w.given_up = true;
    return true;
  }
  w.phases++;
  order_block(w);
  for (int i = 0; i < w.threads; i++)
    if (w.thread[i].state == State::cluster) make_ready(w, i);
  return true;
}

uint32_t cluster_rank() { return worker->rank; }
uint32_t cluster_blocks() { return static_cast<uint32_t>(worker->launch->cluster.count()); }
uint3 cluster_block() {
  const Dim &c = worker->launch->cluster, &b = worker->block;
  return {b.x % c.x, b.y % c.y, b.z % c.z};
}

void cluster_arrive() {
  Thread& t = *worker->current;
  if (t.cluster_arrivals != t.cluster_waits) {
    fail(Fault::launch_failed, STANDIN_CALLER, "the thread arrives twice at the cluster's barrier without a wait");
  }
  t.cluster_arrivals++;
}

void cluster_wait() {
  Worker& w = *worker;
  Thread& t = *w.current;
  if (t.cluster_arrivals == t.cluster_waits) {
    fail(Fault::launch_failed, STANDIN_CALLER, "the thread waits at the cluster's barrier without having arrived");
  }
  t.cluster_waits++;
  if (t.cluster_arrivals <= w.phases) return;
  t.state = State::cluster;
  t.site = STANDIN_CALLER;
  wait();
}

}  // namespace standin
