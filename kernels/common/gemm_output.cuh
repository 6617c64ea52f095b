// What happens to a product on its way to memory, for every GEMM kernel:
// c = activation(product + bias), with product + bias kept where asked for, or c += product.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

#include "common/activation.cuh"
#include "common/tile.cuh"

namespace gemm {

using bf16 = __nv_bfloat16;
using f16 = __half;

// Bits of `flags`; GemmTable.java has the same.
constexpr int kOutputF32 = 1;   // c and the preactivation are f32, else of 16 bits
constexpr int kAccumulate = 2;  // c += product
constexpr int kGelu = 4;        // activation: the tanh form of GELU
constexpr int kBiasF32 = 8;     // the bias is f32, else of 16 bits

// Two neighbours of 16 bits in one word.
template <typename Half>
__device__ __forceinline__ uint32_t pack(float low, float high) {
  if constexpr (std::is_same_v<Half, f16>) return ptx::pack_f16(low, high);
  return ptx::pack_bf16(low, high);
}

template <typename Half>
__device__ __forceinline__ float2 unpack(uint32_t pair) {
  if constexpr (std::is_same_v<Half, f16>) {
    return {__half2float(__ushort_as_half(static_cast<unsigned short>(pair))),
            __half2float(__ushort_as_half(static_cast<unsigned short>(pair >> 16)))};
  }
  // A bf16 is the high half of the float it stands for.
  return {__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000u)};
}

// `N` neighbours in a row, in accesses of up to 16 bytes.
template <int N>
struct Neighbours {
  // The bytes one access moves, which is also the alignment it needs.
  __device__ static __forceinline__ bool aligned(const void* base, long long row_stride, int element) {
    const int bytes = N * element < 16 ? N * element : 16;
    return (reinterpret_cast<uintptr_t>(base) | static_cast<uintptr_t>(row_stride) * element) % bytes == 0;
  }

  __device__ static __forceinline__ void add(float (&v)[N], const float* p) {
    if constexpr (N % 4 == 0) {
#pragma unroll
      for (int i = 0; i < N; i += 4) {
        const float4 x = *reinterpret_cast<const float4*>(p + i);
        v[i] += x.x;
        v[i + 1] += x.y;
        v[i + 2] += x.z;
        v[i + 3] += x.w;
      }
    } else {
      add(v, p, N);
    }
  }

  template <typename Half>
  __device__ static __forceinline__ void add(float (&v)[N], const Half* p) {
#pragma unroll
    for (int i = 0; i < N; i += 8) {
      if constexpr (N % 8 == 0) {
        const uint4 x = *reinterpret_cast<const uint4*>(p + i);
        add_pair(v, i, unpack<Half>(x.x));
        add_pair(v, i + 2, unpack<Half>(x.y));
        add_pair(v, i + 4, unpack<Half>(x.z));
        add_pair(v, i + 6, unpack<Half>(x.w));
      } else if constexpr (N == 4) {
        const uint2 x = *reinterpret_cast<const uint2*>(p);
        add_pair(v, 0, unpack<Half>(x.x));
        add_pair(v, 2, unpack<Half>(x.y));
      } else {
        add(v, p, N);
      }
    }
  }

  template <typename T>
  __device__ static __forceinline__ void add(float (&v)[N], const T* p, int count) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      if (i < count) v[i] += static_cast<float>(p[i]);
    }
  }

  __device__ static __forceinline__ void write(float* p, const float (&v)[N]) {
    if constexpr (N % 4 == 0) {
#pragma unroll
      for (int i = 0; i < N; i += 4) *reinterpret_cast<float4*>(p + i) = {v[i], v[i + 1], v[i + 2], v[i + 3]};
    } else {
      write(p, v, N);
    }
  }

  template <typename Half>
  __device__ static __forceinline__ void write(Half* p, const float (&v)[N]) {
    if constexpr (N % 8 == 0) {
#pragma unroll
      for (int i = 0; i < N; i += 8) {
        ptx::st_global_16(p + i, {pack<Half>(v[i], v[i + 1]), pack<Half>(v[i + 2], v[i + 3]),
                                  pack<Half>(v[i + 4], v[i + 5]), pack<Half>(v[i + 6], v[i + 7])});
      }
    } else if constexpr (N == 4) {
      *reinterpret_cast<uint2*>(p) = {pack<Half>(v[0], v[1]), pack<Half>(v[2], v[3])};
    } else {
      write(p, v, N);
    }
  }

  template <typename T>
  __device__ static __forceinline__ void write(T* p, const float (&v)[N], int count) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      if (i < count) p[i] = static_cast<T>(v[i]);
    }
  }

 private:
  __device__ static __forceinline__ void add_pair(float (&v)[N], int i, float2 pair) {
    v[i] += pair.x;
    v[i + 1] += pair.y;
  }
};

// One product's output (m, n): rows of c `ldc` elements apart, of the preactivation `ldp`. `bias` and `preactivation`
// are null where there is none. What is of 16 bits is of type `Half`.
template <typename Half>
struct OutputOf {
  void* c;
  long long ldc;
  const void* bias;
  void* preactivation;
  long long ldp;
  int m, n, flags;

  // The output of product blockIdx.z of a batch, `stride_c` and `stride_p` elements apart.
  __device__ __forceinline__ OutputOf(void* c, long long ldc, long long stride_c, const void* bias, void* preactivation,
                                      long long ldp, long long stride_p, int m, int n, int flags)
      : c(moved(c, stride_c, flags)),
        ldc(ldc),
        bias(bias),
        preactivation(preactivation ? moved(preactivation, stride_p, flags) : nullptr),
        ldp(ldp),
        m(m),
        n(n),
        flags(flags) {}

  // Finishes `N` elements of row `row` from column `column`, a multiple of N; what lies outside c is dropped.
  template <int N>
  __device__ __forceinline__ void store(int row, int column, float (&v)[N]) const {
    if (row >= m || column >= n) return;
    if (flags & kOutputF32) {
      finish<float, N>(row, column, v);
    } else {
      finish<Half, N>(row, column, v);
    }
  }

 private:
  __device__ static __forceinline__ void* moved(void* p, long long stride, int flags) {
    return static_cast<char*>(p) + blockIdx.z * stride * (flags & kOutputF32 ? 4 : 2);
  }

  template <typename T, int N>
  __device__ __forceinline__ void finish(int row, int column, float (&v)[N]) const {
    T* const to = static_cast<T*>(c) + row * ldc + column;
    if (flags & kAccumulate) add<N>(v, static_cast<const T*>(to), column, Neighbours<N>::aligned(c, ldc, sizeof(T)));
    if (bias && flags & kBiasF32) add<N>(v, static_cast<const float*>(bias) + column, column, false);
    if (bias && !(flags & kBiasF32)) add<N>(v, static_cast<const Half*>(bias) + column, column, false);
    if (flags & kGelu) {
      if (preactivation) write<N>(static_cast<T*>(preactivation) + row * ldp + column, v, column, preactivation, ldp);
#pragma unroll
      for (int i = 0; i < N; i++) v[i] = activation::gelu(v[i]);
    }
    write<N>(to, v, column, c, ldc);
  }

  template <int N, typename T>
  __device__ __forceinline__ void add(float (&v)[N], const T* p, int column, bool aligned) const {
    if (aligned && column + N <= n) {
      Neighbours<N>::add(v, p);
    } else {
      Neighbours<N>::add(v, p, n - column);
    }
  }

  template <int N, typename T>
  __device__ __forceinline__ void write(T* p, const float (&v)[N], int column, const void* base, long long ld) const {
    if (Neighbours<N>::aligned(base, ld, sizeof(T)) && column + N <= n) {
      Neighbours<N>::write(p, v);
    } else {
      Neighbours<N>::write(p, v, n - column);
    }
  }
};

// Of a product of these operands.
template <typename T>
using OutputFor = OutputOf<std::conditional_t<std::is_same_v<T, f16>, f16, bf16>>;
using Output = OutputOf<bf16>;

// Accumulators of mma.m16n8k16 hold pairs of columns; `kRowPitch` floats a row let a warp put them down and pick up whole
// rows: 8 more than a multiple of 32, so that four rows' pairs (half a warp, 8 bytes a lane) miss each other's banks.
template <int Columns>
constexpr int kRowPitch = Columns + 8;

// Stores a warp's accumulators, 16 rows a time by way of `scratch` (16 rows of kRowPitch, this warp's own).
template <typename Output, int Rows16, int Columns8>
__device__ __forceinline__ void store_accumulators(const Output& output, const float (&acc)[Rows16][Columns8][4],
                                                   float* scratch, int row, int column, int lane) {
  constexpr int kPitch = kRowPitch<Columns8 * 8>;
  constexpr int kRowsAtOnce = 32 / Columns8;
  const int g = lane / 4;
  const int t = lane % 4;
#pragma unroll
  for (int i = 0; i < Rows16; i++) {
    __syncwarp();
#pragma unroll
    for (int j = 0; j < Columns8; j++) {
      *reinterpret_cast<float2*>(scratch + g * kPitch + j * 8 + t * 2) = {acc[i][j][0], acc[i][j][1]};
      *reinterpret_cast<float2*>(scratch + (g + 8) * kPitch + j * 8 + t * 2) = {acc[i][j][2], acc[i][j][3]};
    }
    __syncwarp();
#pragma unroll
    for (int r = lane / Columns8; r < 16; r += kRowsAtOnce) {
      const int c = lane % Columns8 * 8;
      const float4 low = *reinterpret_cast<const float4*>(scratch + r * kPitch + c);
      const float4 high = *reinterpret_cast<const float4*>(scratch + r * kPitch + c + 4);
      float v[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
      output.template store<8>(row + i * 16 + r, column + c, v);
    }
  }
}

}  // namespace gemm
