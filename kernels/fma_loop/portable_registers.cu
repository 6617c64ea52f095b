// Lane i of n starts from x = i mod 64 and runs `iterations` rounds of x = a b + x, a = 3, b = 5; f32.
//
// Idea:     eight independent chains in registers per thread: an FMA takes 4 cycles, and a scheduler with one warp of
//           this kind is never without an instruction that can go.
// Replaces: nothing.
// Needs:    nothing.
// Launch:   grid ceil(n / 1024); 128 threads.
// Limits:   n below 512 per multiprocessor leaves units idle.
// Numerics: exact while x stays below 2^24. The factors are arguments, so that no compiler makes an addition of them.

extern "C" __global__ void __launch_bounds__(128)
    fma_loop_portable_registers_f32(float* lanes, long long n, long long iterations, float a, float b) {
  constexpr int kChains = 8;
  const long long from = static_cast<long long>(blockIdx.x) * (kChains * blockDim.x) + threadIdx.x;
  float x[kChains];
#pragma unroll
  for (int c = 0; c < kChains; c++) x[c] = static_cast<float>((from + c * blockDim.x) % 64);
#pragma unroll 8
  for (int round = 0; round < static_cast<int>(iterations); round++) {
#pragma unroll
    for (int c = 0; c < kChains; c++) x[c] = fmaf(a, b, x[c]);
  }
#pragma unroll
  for (int c = 0; c < kChains; c++)
    if (from + c * blockDim.x < n) lanes[from + c * blockDim.x] = x[c];
}
