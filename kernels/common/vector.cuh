// Rows of f32 or bf16 in global memory, in accesses of 16 bytes wherever their addresses allow it.
//
// A row is cut into runs of N elements. Run p holds the elements [p * N - lead, (p + 1) * N - lead), those outside the
// row left out, where `lead` moves the cuts so that whole runs start at a multiple of 16 bytes: rows of 50257 bf16 are
// misaligned by 2 bytes more each, and still all but their ends are read 16 bytes at a time. Runs of 8 bytes, of an
// operand narrower than its neighbours, move as 8 bytes.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "common/bf16.cuh"
#include "common/ptx/memory.cuh"

// Elements in 16 bytes.
template <class T>
constexpr int kWidth = 16 / static_cast<int>(sizeof(T));

// N neighbours as they lie in memory: 8 bytes, or a multiple of 16.
template <class T, int N = kWidth<T>>
struct Run {
  static constexpr int kBytes = N * static_cast<int>(sizeof(T));
  using Word = std::conditional_t<kBytes == 8, uint2, uint4>;
  static constexpr int kWords = kBytes / static_cast<int>(sizeof(Word));
  static_assert(kBytes == 8 || kBytes % 16 == 0);

  Word word[kWords];

  // The elements, widened.
  __device__ __forceinline__ void get(float (&v)[N]) const {
    uint32_t part[kBytes / 4];
    memcpy(part, word, kBytes);
#pragma unroll
    for (int i = 0; i < kBytes / 4; i++) {
      if constexpr (sizeof(T) == 4) {
        v[i] = __uint_as_float(part[i]);
      } else {
        v[2 * i] = __uint_as_float(part[i] << 16);
        v[2 * i + 1] = __uint_as_float(part[i] & 0xffff0000u);
      }
    }
  }

  __device__ __forceinline__ void set(const float (&v)[N]) {
    uint32_t part[kBytes / 4];
#pragma unroll
    for (int i = 0; i < kBytes / 4; i++) {
      if constexpr (sizeof(T) == 4) {
        part[i] = __float_as_uint(v[i]);
      } else {
        const __nv_bfloat162 both = __floats2bfloat162_rn(v[2 * i], v[2 * i + 1]);
        part[i] = static_cast<uint32_t>(__bfloat16_as_ushort(both.x)) |
                  static_cast<uint32_t>(__bfloat16_as_ushort(both.y)) << 16;
      }
    }
    memcpy(word, part, kBytes);
  }
};

// How many elements `at` lies behind a multiple of 16 bytes.
template <class T>
__device__ __forceinline__ int lead_of(const T* at) {
  return static_cast<int>(reinterpret_cast<uintptr_t>(at) % 16 / sizeof(T));
}

// One row. T is const where it is only read; Index is long long where a row may be longer than 2^31 - 8.
template <class T, int N, class Index = int>
class Row {
  using Element = std::remove_const_t<T>;
  using Word = typename Run<Element, N>::Word;
  static constexpr int kWordElements = sizeof(Word) / sizeof(Element);

 public:
  // `lead`: elements that the first run lacks at its start; 0 where columns have to belong to the same thread in every
  // row. A row of no elements reads zeros and writes nothing.
  __device__ __forceinline__ Row(T* at, Index count, int lead)
      : at_(at), count_(count), lead_(lead), aligned_((lead_of(at) - lead) % kWordElements == 0) {}

  __device__ __forceinline__ Index runs() const { return (count_ + lead_ + N - 1) / N; }

  // The first element of run p; negative where the row starts inside it.
  __device__ __forceinline__ Index first(Index p) const { return p * N - lead_; }

  __device__ __forceinline__ bool inside(Index i) const { return i >= 0 && i < count_; }

  // Whether all of run p is in the row.
  __device__ __forceinline__ bool whole(Index p) const { return first(p) >= 0 && first(p) + N <= count_; }

  // Run p, zero outside the row.
  __device__ __forceinline__ Run<Element, N> load(Index p) const {
    Run<Element, N> run;
    if (aligned_ && whole(p)) {
#pragma unroll
      for (int w = 0; w < run.kWords; w++) run.word[w] = reinterpret_cast<const Word*>(at_ + first(p))[w];
    } else {
      gather(run, p);
    }
    return run;
  }

  // The same for what nothing writes while the kernel runs and nobody reads twice: it leaves L1 to others.
  __device__ __forceinline__ Run<Element, N> stream(Index p) const {
    Run<Element, N> run;
    if (aligned_ && whole(p)) {
#pragma unroll
      for (int w = 0; w < run.kWords; w++)
        run.word[w] = ptx::ld_global_nc_16(reinterpret_cast<const uint4*>(at_ + first(p)) + w);
    } else {
      gather(run, p);
    }
    return run;
  }

  // Puts `fill` in place of what is outside the row.
  __device__ __forceinline__ void fill_outside(float (&v)[N], Index p, float fill) const {
    if (whole(p)) return;
#pragma unroll
    for (int i = 0; i < N; i++)
      if (!inside(first(p) + i)) v[i] = fill;
  }

  __device__ __forceinline__ void store(Index p, const Run<Element, N>& run) const {
    if (aligned_ && whole(p)) {
#pragma unroll
      for (int w = 0; w < run.kWords; w++) {
        Word* to = reinterpret_cast<Word*>(at_ + first(p)) + w;
        if constexpr (sizeof(Word) == 16)
          ptx::st_global_16(to, run.word[w]);
        else
          *to = run.word[w];
      }
    } else {
      float v[N];
      run.get(v);
#pragma unroll
      for (int i = 0; i < N; i++)
        if (inside(first(p) + i)) at_[first(p) + i] = narrow<Element>(v[i]);
    }
  }

  __device__ __forceinline__ void store(Index p, const float (&v)[N]) const {
    Run<Element, N> run;
    run.set(v);
    store(p, run);
  }

 private:
  __device__ __forceinline__ void gather(Run<Element, N>& run, Index p) const {
    float v[N];
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = inside(first(p) + i) ? widen(at_[first(p) + i]) : 0.0f;
    run.set(v);
  }

  T* at_;
  Index count_;
  int lead_;
  bool aligned_;
};

// Rows of one operand: `stride` elements between the starts of its rows.
template <class T>
struct Matrix {
  T* at;
  long long stride;

  template <int N, class Index>
  __device__ __forceinline__ Row<T, N, Index> row(int r, Index cols, int lead) const {
    return Row<T, N, Index>(at + r * stride, cols, lead);
  }
};

// Runs that any row of a (rows, cols) matrix has at most.
template <class T, int N>
__device__ __forceinline__ long long most_runs(const T* base, long long cols, long long stride, int rows) {
  const bool straight = lead_of(base) == 0 && (rows == 1 || stride % kWidth<std::remove_const_t<T>> == 0);
  return (cols + (straight ? 0 : N - 1) + N - 1) / N;
}
