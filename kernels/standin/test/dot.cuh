// One dot product on a tensor core, for the test to see what becomes of its last bits: d = c + a · b, the factors
// packed as the hardware takes them, eight words an operand, in the order of depth. Every row and column is the same.
#pragma once
#include <cstdint>

namespace {

struct Fragments {
  uint32_t a[4], b[2];
  float d[4];

  __device__ Fragments(const uint32_t* from_a, const uint32_t* from_b, float c) : d{c, c, c, c} {
    int t = threadIdx.x % 4;
    a[0] = a[1] = from_a[t];
    a[2] = a[3] = from_a[t + 4];
    b[0] = from_b[t];
    b[1] = from_b[t + 4];
  }

  __device__ void store(float* to) const {
    for (int i = 0; i < 4; i++) to[(threadIdx.x / 4 + i / 2 * 8) * 8 + threadIdx.x % 4 * 2 + i % 2] = d[i];
  }
};

}  // namespace

#define DOT(name, multiply)                                                                                   \
  extern "C" __global__ void __launch_bounds__(32) name(const uint32_t* a, const uint32_t* b, float c, float* d) { \
    Fragments f(a, b, c);                                                                                     \
    ptx::multiply(f.d, f.a, f.b);                                                                             \
    f.store(d);                                                                                               \
  }
