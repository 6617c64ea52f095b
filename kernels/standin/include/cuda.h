#pragma once
// CUDA's own is the driver's interface; kernels need this of it.
struct __align__(64) CUtensorMap {
  unsigned long long opaque[16];
};
