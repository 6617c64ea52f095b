// Element i of n starts from x = i mod 64 and runs `iterations` rounds of x += the dot product of as many a as b as one
// tensor core instruction takes, a = 3, b = 5; 32 rounds add and the next 32 take away; f32 sums, e4m3 factors.
//
// Idea:     that of portable_registers with factors of 8 bits.
// Replaces: nothing.
// Needs:    e4m3 factors.
// Launch:   grid ceil(n / 4096); 128 threads.
// Limits:   on sm_90 mma.sync of 8 bits multiplies as that of 16 (MMA-Sim, arXiv 2511.10909): no ceiling of 8 bits.
// Numerics: exact, because x stays below 2^14.
#include "common/mma_loop.cuh"
#include "common/ptx/mma_fp8.cuh"

namespace {

struct E4m3 {
  static constexpr int kTurn = 32;

  // Of a float that is normal in e4m3 and has three bits of fraction at most.
  __device__ static __forceinline__ uint32_t factor(float x) {
    return 0x01010101u * ((__float_as_uint(x) >> 20) - ((127 - 7) << 3));
  }
  __device__ static __forceinline__ uint32_t negated(uint32_t factors) { return factors ^ 0x80808080u; }
  __device__ static __forceinline__ void round(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ptx::mma_m16n8k32_e4m3(d, a, b);
  }
};

}  // namespace

extern "C" __global__ void __launch_bounds__(128)
    mma_loop_sm89_registers_e4m3(float* sums, long long n, long long iterations, float a, float b) {
  mma_loop::run<E4m3>(sums, n, static_cast<int>(iterations), a, b);
}
