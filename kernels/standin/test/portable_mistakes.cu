// Pairs of a right kernel and its mistake, chosen by `wrong`: the stand-in must run the first and catch the second.
// Launch: one block of 128 threads, 2048 bytes of dynamic shared memory; in and out hold n = 1024 floats.
#include "common/ptx/barrier.cuh"
#include "common/ptx/cp_async.cuh"
#include "common/ptx/ldmatrix.cuh"

#define MISTAKE(name) extern "C" __global__ void __launch_bounds__(128) name(const float* in, float* out, int n, int wrong)

constexpr int threads = 128;

MISTAKE(missing_wait) {
  extern __shared__ __align__(16) float tile[];
  ptx::cp_async_16(tile + 4 * threadIdx.x, in + 4 * threadIdx.x, true);
  ptx::cp_async_commit();
  if (!wrong) ptx::cp_async_wait<0>();
  __syncthreads();
  out[threadIdx.x] = tile[4 * (threads - 1 - threadIdx.x)];
}

MISTAKE(missing_barrier_after_wait) {
  extern __shared__ __align__(16) float tile[];
  ptx::cp_async_16(tile + 4 * threadIdx.x, in + 4 * threadIdx.x, true);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  if (!wrong) __syncthreads();
  out[threadIdx.x] = tile[4 * (threads - 1 - threadIdx.x)];
}

MISTAKE(wrong_commit_group) {
  __shared__ __align__(16) float first[4 * threads], second[4 * threads];
  ptx::cp_async_16(first + 4 * threadIdx.x, in + 4 * threadIdx.x, true);
  ptx::cp_async_commit();
  ptx::cp_async_16(second + 4 * threadIdx.x, in + 4 * (threads + threadIdx.x), true);
  ptx::cp_async_commit();
  if (wrong) {
    ptx::cp_async_wait<1>();
  } else {
    ptx::cp_async_wait<0>();
  }
  __syncthreads();
  out[threadIdx.x] = second[4 * (threads - 1 - threadIdx.x)];
}

MISTAKE(missing_barrier) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = in[threadIdx.x];
  if (!wrong) __syncthreads();
  out[threadIdx.x] = tile[threads - 1 - threadIdx.x];
}

MISTAKE(overwritten_too_early) {
  __shared__ float tile[threads];
  float sum = 0;
  for (int i = 0; i < 4; i++) {
    tile[threadIdx.x] = in[i * threads + threadIdx.x];
    __syncthreads();
    sum += tile[threads - 1 - threadIdx.x];
    if (!wrong) __syncthreads();
  }
  out[threadIdx.x] = sum;
}

MISTAKE(race_in_reduction) {
  __shared__ float part[threads];
  part[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  for (int half = threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    if (!wrong) __syncthreads();
  }
  out[threadIdx.x] = threadIdx.x == 0 ? part[0] : 0;
}

MISTAKE(missing_syncwarp) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = in[threadIdx.x];
  if (!wrong) __syncwarp();
  out[threadIdx.x] = tile[threadIdx.x ^ 1];
}

MISTAKE(syncwarp_across_warps) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = in[threadIdx.x];
  __syncwarp();
  out[threadIdx.x] = tile[threadIdx.x ^ (wrong ? 32 : 16)];
}

MISTAKE(read_past_the_end) { out[threadIdx.x] = in[threadIdx.x + n - threads + (wrong ? 1 : 0)]; }

MISTAKE(write_past_the_end) { out[threadIdx.x + n - threads + (wrong ? 1 : 0)] = in[threadIdx.x]; }

MISTAKE(dynamic_shared_past_the_end) {
  extern __shared__ float tile2[];
  tile2[(wrong ? 4 : 3) * threads + threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = tile2[(wrong ? 4 : 3) * threads + threadIdx.x];
}

MISTAKE(row_past_the_end) {
  __shared__ float tile[4][33];
  int column = static_cast<int>(threadIdx.x) % 32 + (wrong ? 2 : 1);
  tile[threadIdx.x / 32][column] = in[threadIdx.x];
  out[threadIdx.x] = tile[threadIdx.x / 32][column];
}

MISTAKE(divergent_barrier) {
  if (wrong && threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[threadIdx.x] = in[threadIdx.x];
}

MISTAKE(barrier_that_some_never_reach) {
  if (!wrong || threadIdx.x >= 16) __syncthreads();
  out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, in[threadIdx.x], 1);
}

MISTAKE(named_barrier_short_of_a_warp) {
  __shared__ float tile[64];
  if (threadIdx.x < 64) {
    tile[threadIdx.x] = in[threadIdx.x];
    ptx::bar_sync(1, wrong ? 96 : 64);
    out[threadIdx.x] = tile[63 - threadIdx.x];
  }
}

// Warps 0 and 1 write what warps 2 and 3 read, twice through one buffer.
MISTAKE(arrival_before_the_read) {
  __shared__ float buffer[64];
  constexpr int full = 1, empty = 2;
  int half = threadIdx.x % 64;
  float sum = 0;
  for (int i = 0; i < 2; i++) {
    if (threadIdx.x < 64) {
      if (i > 0) ptx::bar_sync(empty, threads);
      buffer[half] = in[i * 64 + half];
      ptx::bar_arrive(full, threads);
    } else {
      ptx::bar_sync(full, threads);
      if (wrong && i == 0) ptx::bar_arrive(empty, threads);
      sum += buffer[63 - half];
      if (!wrong && i == 0) ptx::bar_arrive(empty, threads);
    }
  }
  if (threadIdx.x >= 64) out[half] = sum;
}

MISTAKE(misaligned_vector) {
  auto v = *reinterpret_cast<const float4*>(in + 4 * threadIdx.x + (wrong ? 1 : 0));
  out[threadIdx.x] = v.x + v.y;
}

MISTAKE(misaligned_matrix_row) {
  __shared__ __align__(16) uint16_t rows[33 * 16];
  for (int i = threadIdx.x; i < 33 * 16; i += threads) rows[i] = static_cast<uint16_t>(i);
  __syncthreads();
  uint32_t r[4];
  ptx::ldmatrix_x4(r, rows + threadIdx.x % 32 * 16 + (wrong ? 4 : 0));
  out[threadIdx.x] = static_cast<float>(r[0]);
}

MISTAKE(misaligned_async_copy) {
  extern __shared__ __align__(16) float tile[];
  ptx::cp_async_16(tile + 4 * threadIdx.x, in + 4 * threadIdx.x + (wrong ? 2 : 0), true);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  out[threadIdx.x] = tile[4 * threadIdx.x];
}

MISTAKE(shared_memory_never_written) {
  __shared__ float tile[threads];
  if (!wrong || threadIdx.x != 5) tile[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = tile[threadIdx.x];
}

MISTAKE(shuffle_from_outside_the_mask) {
  float v = in[threadIdx.x];
  if (threadIdx.x % 32 < 16) v = __shfl_down_sync(0xffffu, v, wrong ? 8 : 0);
  out[threadIdx.x] = v;
}

MISTAKE(null_pointer) {
  const float* p = wrong ? nullptr : in;
  out[threadIdx.x] = p[threadIdx.x];
}
