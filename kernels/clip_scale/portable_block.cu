// norm = sqrt(sum of squares), scale = min(1, limit / (norm + eps)); squares (n).
//
// Idea:     one block: n is the number of a model's groups of parameters.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   one block of 256 threads.
// Limits:   n in the millions would want more blocks.
// Numerics: f32 in a fixed order. A norm that is not a number gives a scale that is none.
#include "common/reduce.cuh"

extern "C" __global__ void __launch_bounds__(256)
    clip_scale_portable_block_f32(const float* squares, float* norm, float* scale, int n, float limit, float eps) {
  __shared__ reduce::Memory<float> memory;
  Team<float> team(memory, blockDim.x);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < n; i += blockDim.x) sum += squares[i];
  sum = sqrtf(team.reduce<reduce::Sum>(sum));
  if (threadIdx.x > 0) return;
  const float quotient = limit / (sum + eps);
  *norm = sum;
  *scale = quotient >= 1.0f ? 1.0f : quotient;
}
