// Blocks of a cluster that pass numbers to each other through global memory, with the barrier and with a mistake each.
#include "common/ptx/cluster.cuh"

// out[b] = how often the blocks of b's cluster were seen to have written, of `rounds` rounds; places[b] = the block's
// place in its cluster.
extern "C" __global__ void __launch_bounds__(64) neighbours(unsigned* cells, unsigned* out, unsigned* places,
                                                            unsigned rounds) {
  const unsigned block = blockIdx.x + gridDim.x * blockIdx.y;
  const uint3 place = ptx::cluster_block();
  const unsigned blocks = ptx::cluster_blocks();
  if (threadIdx.x == 0) places[block] = ptx::cluster_rank() + 16 * place.x + 256 * place.y + 4096 * place.z;
  const unsigned cluster = (blockIdx.x - place.x) + gridDim.x * (blockIdx.y - place.y);
  unsigned seen = 0;
  for (unsigned round = 1; round <= rounds; round++) {
    if (threadIdx.x == 0) cells[cluster * 8 + ptx::cluster_rank()] = round;
    ptx::cluster_arrive();
    ptx::cluster_wait();
    for (unsigned other = 0; other < blocks; other++) seen += cells[cluster * 8 + other] == round;
    ptx::cluster_arrive();
    ptx::cluster_wait();
  }
  if (threadIdx.x == 0) out[block] = seen;
}

// The first block of a cluster ends without having come to the barrier, which counts it as arrived; its neighbour does
// what `mistake` says: 1 waits without having arrived, 2 arrives twice.
extern "C" __global__ void __launch_bounds__(32) one_ends(unsigned* out, unsigned mistake) {
  if (ptx::cluster_rank() == 0) return;
  if (mistake != 1) ptx::cluster_arrive();
  if (mistake == 2) ptx::cluster_arrive();
  ptx::cluster_wait();
  if (threadIdx.x == 0) out[blockIdx.x] = 7;
}
