// What the wrappers and CUDA's built-in functions give, for the test to compare with plain loops.
#include <cuda_bf16.h>

#include "common/ptx/barrier.cuh"
#include "common/ptx/cp_async.cuh"
#include "common/ptx/ldmatrix.cuh"
#include "common/ptx/math.cuh"
#include "common/ptx/memory.cuh"
#include "common/ptx/mma.cuh"

// d (16, 8) = a (16, 16) b (16, 8), each lane gathering its fragments element by element.
extern "C" __global__ void __launch_bounds__(32) mma_bf16(const uint16_t* a, const uint16_t* b, float* d) {
  int g = threadIdx.x / 4, t = threadIdx.x % 4;
  auto pair = [](uint16_t low, uint16_t high) { return low | static_cast<uint32_t>(high) << 16; };
  auto at = [&](int row, int k) { return pair(a[row * 16 + k], a[row * 16 + k + 1]); };
  uint32_t fa[4] = {at(g, 2 * t), at(g + 8, 2 * t), at(g, 2 * t + 8), at(g + 8, 2 * t + 8)};
  uint32_t fb[2] = {pair(b[2 * t * 8 + g], b[(2 * t + 1) * 8 + g]),
                    pair(b[(2 * t + 8) * 8 + g], b[(2 * t + 9) * 8 + g])};
  float fd[4] = {1, 2, 3, 4};
  ptx::mma_m16n8k16_bf16(fd, fa, fb);
  d[g * 8 + 2 * t] = fd[0] - 1;
  d[g * 8 + 2 * t + 1] = fd[1] - 2;
  d[(g + 8) * 8 + 2 * t] = fd[2] - 3;
  d[(g + 8) * 8 + 2 * t + 1] = fd[3] - 4;
}

// The same through shared memory: a as it lies, b (16, 8) transposed on the way.
extern "C" __global__ void __launch_bounds__(32) mma_bf16_ldmatrix(const uint16_t* a, const uint16_t* b, float* d) {
  __shared__ __align__(16) uint16_t sa[16 * 16], sb[16 * 8], sbt[8 * 16];
  for (int i = threadIdx.x; i < 256; i += 32) sa[i] = a[i];
  for (int i = threadIdx.x; i < 128; i += 32) {
    sb[i] = b[i];
    sbt[i % 8 * 16 + i / 8] = b[i];
  }
  __syncthreads();
  int lane = threadIdx.x;
  uint32_t fa[4], fb[2], plain[2], both[4], both_trans[4];
  ptx::ldmatrix_x4(fa, sa + lane % 16 * 16 + lane / 16 * 8);
  ptx::ldmatrix_x2_trans(fb, sb + lane % 16 * 8);
  ptx::ldmatrix_x2(plain, sbt + lane % 8 * 16 + lane / 8 % 2 * 8);
  ptx::ldmatrix_x4_trans(both_trans, sb + lane % 16 * 8);
  ptx::ldmatrix_x4(both, sbt + lane % 8 * 16 + lane / 8 % 2 * 8);
  bool same = plain[0] == fb[0] && plain[1] == fb[1] && both[0] == fb[0] && both[3] == fb[1] &&
              both_trans[2] == fb[0] && both_trans[1] == fb[1];
  float fd[4] = {};
  ptx::mma_m16n8k16_bf16(fd, fa, fb);
  int g = lane / 4, t = lane % 4;
  d[g * 8 + 2 * t] = same ? fd[0] : -1;
  d[g * 8 + 2 * t + 1] = fd[1];
  d[(g + 8) * 8 + 2 * t] = fd[2];
  d[(g + 8) * 8 + 2 * t + 1] = fd[3];
}

// d (16, 8) = a (16, 8) b (8, 8), rounded to tf32.
extern "C" __global__ void __launch_bounds__(32) mma_tf32(const float* a, const float* b, float* d) {
  int g = threadIdx.x / 4, t = threadIdx.x % 4;
  uint32_t fa[4] = {ptx::to_tf32(a[g * 8 + t]), ptx::to_tf32(a[(g + 8) * 8 + t]), ptx::to_tf32(a[g * 8 + t + 4]),
                    ptx::to_tf32(a[(g + 8) * 8 + t + 4])};
  uint32_t fb[2] = {ptx::to_tf32(b[t * 8 + g]), ptx::to_tf32(b[(t + 4) * 8 + g])};
  float fd[4] = {};
  ptx::mma_m16n8k8_tf32(fd, fa, fb);
  for (int i = 0; i < 4; i++) d[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = fd[i];
}

// out[i] = 2 in[i] for i < n in pieces of 16 bytes, zeros to 4 * 128, through asynchronous copies in two groups.
extern "C" __global__ void __launch_bounds__(128) copies(const float* in, float* out, int n) {
  __shared__ __align__(16) float tile[2][4 * 64];
  for (int group = 0; group < 2; group++) {
    if (threadIdx.x < 64) {
      int at = group * 256 + 4 * threadIdx.x;
      ptx::cp_async_16(&tile[group][4 * threadIdx.x], in + at, at < n);
    }
    ptx::cp_async_commit();
  }
  ptx::cp_async_wait<1>();
  __syncthreads();
  out[threadIdx.x] = 2 * tile[0][threadIdx.x];
  out[128 + threadIdx.x] = 2 * tile[0][128 + threadIdx.x];
  ptx::cp_async_wait<0>();
  __syncthreads();
  out[256 + threadIdx.x] = 2 * tile[1][threadIdx.x];
  out[384 + threadIdx.x] = 2 * tile[1][128 + threadIdx.x];
}

// out[0..32): shfl of lane 3 in groups of 8; then up 2, down 3, xor 5, then __reduce_add of ints, ballot of odd lanes.
extern "C" __global__ void __launch_bounds__(32) lanes(const float* in, float* out) {
  float v = in[threadIdx.x];
  int lane = threadIdx.x;
  out[lane] = __shfl_sync(0xffffffffu, v, 3, 8);
  out[32 + lane] = __shfl_up_sync(0xffffffffu, v, 2);
  out[64 + lane] = __shfl_down_sync(0xffffffffu, v, 3, 16);
  out[96 + lane] = __shfl_xor_sync(0xffffffffu, v, 5);
  out[128 + lane] = static_cast<float>(__reduce_add_sync(0xffffffffu, lane));
  out[160 + lane] = __ballot_sync(0xffffffffu, lane % 2) == 0xaaaaaaaau ? 1 : 0;
  out[192 + lane] = static_cast<float>(10 * __any_sync(0xffffffffu, lane == 7) + __all_sync(0xffffffffu, lane < 31));
  if (lane < 16) {
    out[224 + lane] = __shfl_xor_sync(0x0000ffffu, v, 8);
  } else {
    out[224 + lane] = __shfl_xor_sync(0xffff0000u, v, 4);
  }
}

// Counts over a block and atomics over the grid: out[0] threads, out[1] of them odd, out[2] the largest block.
extern "C" __global__ void __launch_bounds__(256) counts(unsigned* out) {
  __shared__ unsigned odd;
  if (threadIdx.x == 0) odd = 0;
  int all = __syncthreads_count(1);
  if (threadIdx.x % 2 == 1) atomicAdd(&odd, 1u);
  bool none = __syncthreads_or(threadIdx.x > 1000) == 0 && __syncthreads_and(threadIdx.x < 1000) != 0;
  if (threadIdx.x == 0 && none) {
    atomicAdd(out, static_cast<unsigned>(all));
    atomicAdd(out + 1, odd);
    atomicMax(out + 2, blockIdx.x + gridDim.x * blockIdx.y);
  }
}

// The last block to finish sums what all wrote: global memory and atomics across blocks.
extern "C" __global__ void __launch_bounds__(32) last_block(const float* in, float* part, unsigned* done, float* out) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    part[blockIdx.x] = in[blockIdx.x];
    __threadfence();
    last = atomicAdd(done, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    float sum = 0;
    for (int i = 0; i < gridDim.x; i++) sum += part[i];
    *out = sum;
  }
}

// Threads that wait for another one's flag.
extern "C" __global__ void __launch_bounds__(64) spin(volatile unsigned* flag, float* out) {
  if (threadIdx.x < 63) {
    while (*flag == 0) __nanosleep(10);
  } else {
    *flag = 1;
  }
  out[threadIdx.x] = 1;
}

extern "C" __global__ void __launch_bounds__(256) arithmetic(const float* in, float* out, uint4* vectors) {
  int i = threadIdx.x;
  out[i] = ptx::ex2(in[i]);
  out[256 + i] = __bfloat162float(__float2bfloat16_rn(in[i]));
  out[512 + i] = __uint_as_float(ptx::to_tf32(in[i]));
  ptx::st_global_16(vectors + i, ptx::ld_global_nc_16(in + 4 * (i % 64)));
}
