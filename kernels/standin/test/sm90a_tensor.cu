// Boxes of a matrix through shared memory, right and with a mistake each.
#include "common/ptx/tensor_copy.cuh"

// Copies a row of boxes of kRows by kColumns floats, of which two are in shared memory at a time, and sums them up.
// mistake: 1 one thread reads without waiting, 2 announces too few bytes, 3 waits for no store, 4 overwrites what another
// thread may still read.
template <int kRows, int kColumns>
__device__ void copy_boxes(float* tiles, const CUtensorMap& from, const CUtensorMap& to, float* sums, int boxes,
                           int mistake) {
  constexpr int kFloats = kRows * kColumns;
  __shared__ ptx::Mbarrier full[2], empty[2];
  if (threadIdx.x == 0) {
    for (int i = 0; i < 2; i++) {
      ptx::mbarrier_init(full[i], 1);
      ptx::mbarrier_init(empty[i], blockDim.x);
    }
    ptx::fence_proxy_async();
  }
  __syncthreads();
  const int y = static_cast<int>(blockIdx.x) * kRows;
  const auto load = [&](int box) {
    const int i = box % 2;
    ptx::mbarrier_arrive_expect(full[i], kFloats * 4 - (mistake == 2 ? 16 : 0));
    ptx::tensor_load(tiles + i * kFloats, from, box * kColumns, y, full[i]);
  };
  if (threadIdx.x == 0) load(0);
  float sum = 0;
  for (int box = 0; box < boxes; box++) {
    const int i = box % 2;
    if (threadIdx.x == 0 && box + 1 < boxes) {
      const int next = (box + 1) % 2;
      if (box > 0 && mistake != 4) ptx::mbarrier_wait(empty[next], (box - 1) / 2 % 2);
      load(box + 1);
    }
    if (mistake != 1 || threadIdx.x > 0) ptx::mbarrier_wait(full[i], box / 2 % 2);
    for (int k = threadIdx.x; k < kFloats; k += blockDim.x) sum += tiles[i * kFloats + k];
    if (threadIdx.x == 0) {
      ptx::tensor_store(to, box * kColumns, y, tiles + i * kFloats);
      ptx::tensor_store_commit();
      if (mistake != 3) ptx::tensor_store_wait<0>();
    }
    ptx::mbarrier_arrive(empty[i]);
  }
  sums[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

extern "C" __global__ void __launch_bounds__(64)
    boxes_8x16(const __grid_constant__ CUtensorMap from, const __grid_constant__ CUtensorMap to, float* sums, int boxes,
               int mistake) {
  extern __shared__ uint4 shared[];
  copy_boxes<8, 16>(reinterpret_cast<float*>(shared), from, to, sums, boxes, mistake);
}

// The words of one box as they lie in shared memory.
extern "C" __global__ void __launch_bounds__(32)
    one_box(const __grid_constant__ CUtensorMap from, float* words, int x, int y, int count) {
  extern __shared__ uint4 shared[];
  const float* tiles = reinterpret_cast<float*>(shared);
  __shared__ ptx::Mbarrier full;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(full, 1);
    ptx::fence_proxy_async();
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::mbarrier_arrive_expect(full, count * 4);
    ptx::tensor_load(shared, from, x, y, full);
  }
  ptx::mbarrier_wait(full, 0);
  for (int k = threadIdx.x; k < count; k += 32) words[k] = tiles[k];
}
