// The pair (x[i], x[i + D/2]) at position p turns by the angle p f[i], x (B, H, T, D), f (D/2), p = first + t; heads
// and rows may be strided. y may be x.
//
// Idea:     a block takes a tile of positions and a share of the heads. It computes the tile's sines and cosines once,
//           into shared memory, and turns the rows of all its heads by them, in 16-byte accesses.
// Replaces: nothing.
// Needs:    head dim at most 512, positions below 2^22.
// Launch:   grid (ceil(T / 8), parts): part k of `parts` takes batch * heads / parts of them, rounded up; 256 threads.
// Limits:   halves of a head that are no multiple of 16 bytes, or start elsewhere, are read element by element.
// Numerics: the angle is a product of two f32 and its rounding error, reduced to [-pi, pi] by 2 pi in two parts: good
//           to 2^-22. Then sincosf, and f32 products rounded to the storage type.
#include "common/vector.cuh"

namespace {

constexpr int kPositions = 8;
constexpr int kMostHalf = 256;

// p f reduced modulo 2 pi. The first difference is exact: both of its terms are multiples of 2^-21, and it is below 4.
__device__ __forceinline__ float angle(int position, float frequency) {
  const float p = static_cast<float>(position);
  const float product = p * frequency;
  const float rest = fmaf(p, frequency, -product);
  const float k = rintf(product * 0.15915494309189535f);
  float a = fmaf(k, -6.2831855f, product);
  a = fmaf(k, 1.7484556e-7f, a);
  return a + rest;
}

// Batch and head in one number, and what is between neighbours of each.
template <class T>
struct Heads {
  T* at;
  long long batch, head, row;

  __device__ __forceinline__ T* row_of(int number, int heads, int t) const {
    return at + number / heads * batch + number % heads * head + t * row;
  }
};

template <class T>
__device__ __forceinline__ void rope(Heads<const T> x, Heads<T> y, const float* frequencies, int batch, int heads,
                                     int positions, int half, int first, float sign) {
  constexpr int N = kWidth<T>;
  __shared__ alignas(16) float cosines[kPositions][kMostHalf];
  __shared__ alignas(16) float sines[kPositions][kMostHalf];
  const int t0 = blockIdx.x * kPositions;
  const int tile = min(kPositions, positions - t0);
  for (int i = threadIdx.x; i < tile * half; i += blockDim.x) {
    float sine, cosine;
    sincosf(angle(first + t0 + i / half, frequencies[i % half]), &sine, &cosine);
    cosines[i / half][i % half] = cosine;
    sines[i / half][i % half] = sign * sine;
  }
  __syncthreads();

  const int share = (batch * heads + gridDim.y - 1) / gridDim.y;
  const int from = blockIdx.y * share;
  const int to = min(batch * heads, from + share);
  const int runs = (half + N - 1) / N;
  const int each = tile * runs;
  for (int item = threadIdx.x; item < (to - from) * each; item += blockDim.x) {
    const int number = from + item / each;
    const int t = item % each / runs;
    const int p = item % runs;
    const T* in = x.row_of(number, heads, t0 + t);
    T* out = y.row_of(number, heads, t0 + t);
    float low[N], high[N], a[N], b[N];
    const Run<T> low_run = Row<const T, N>(in, half, 0).load(p);
    const Run<T> high_run = Row<const T, N>(in + half, half, 0).load(p);
    low_run.get(low);
    high_run.get(high);
    alignas(16) float c[N], s[N];
#pragma unroll
    for (int i = 0; i < N; i += 4) {
      *reinterpret_cast<float4*>(c + i) = *reinterpret_cast<const float4*>(&cosines[t][p * N + i]);
      *reinterpret_cast<float4*>(s + i) = *reinterpret_cast<const float4*>(&sines[t][p * N + i]);
    }
#pragma unroll
    for (int i = 0; i < N; i++) {
      a[i] = low[i] * c[i] - high[i] * s[i];
      b[i] = high[i] * c[i] + low[i] * s[i];
    }
    Row<T, N>(out, half, 0).store(p, a);
    Row<T, N>(out + half, half, 0).store(p, b);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    rope_portable_shared_f32(const float* x, long long x_batch, long long x_head, long long x_row, float* y,
                             long long y_batch, long long y_head, long long y_row, const float* frequencies, int batch,
                             int heads, int positions, int half, int first, float sign) {
  rope<float>({x, x_batch, x_head, x_row}, {y, y_batch, y_head, y_row}, frequencies, batch, heads, positions, half,
              first, sign);
}

extern "C" __global__ void __launch_bounds__(256)
    rope_portable_shared_bf16(const bf16* x, long long x_batch, long long x_head, long long x_row, bf16* y,
                              long long y_batch, long long y_head, long long y_row, const float* frequencies,
                              int batch, int heads, int positions, int half, int first, float sign) {
  rope<bf16>({x, x_batch, x_head, x_row}, {y, y_batch, y_head, y_row}, frequencies, batch, heads, positions, half,
             first, sign);
}
