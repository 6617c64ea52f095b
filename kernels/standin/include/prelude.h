// Included ahead of every kernel source that is compiled for the stand-in: the words and built-in functions of CUDA C++
// for the host. What needs the whole warp or block is a call into libcuda.so.1 (engine/), where the checks are.
#pragma once
#include <math.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>

#define RIDGELINE_STANDIN 1

// The scan for entry points reads these two words.
#ifndef STANDIN_SCAN
#define __global__
#define __launch_bounds__(...)
#endif
// CUDA takes it after __shared__ too, where C++ wants an attribute of its own kind.
#define alignas(n) __attribute__((aligned(n)))
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__
// One instance for every worker of the engine, which runs one block at a time.
#define __shared__ thread_local
#define __constant__
#define __CUDA_ALIGN__(n) __align__(n)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

#define STANDIN_VECTOR(type, name, bytes)                                                       \
  struct __align__(2 * bytes) name##2 {                                                         \
    type x, y;                                                                                  \
  };                                                                                            \
  struct name##3 {                                                                              \
    type x, y, z;                                                                               \
  };                                                                                            \
  struct __align__(4 * bytes > 16 ? 16 : 4 * bytes) name##4 {                                   \
    type x, y, z, w;                                                                            \
  };                                                                                            \
  inline name##2 make_##name##2(type x, type y) { return {x, y}; }                              \
  inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }                   \
  inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
STANDIN_VECTOR(float, float, 4)
STANDIN_VECTOR(double, double, 8)
STANDIN_VECTOR(int, int, 4)
STANDIN_VECTOR(unsigned, uint, 4)
STANDIN_VECTOR(short, short, 2)
STANDIN_VECTOR(unsigned short, ushort, 2)
STANDIN_VECTOR(unsigned char, uchar, 1)
STANDIN_VECTOR(long long, longlong, 8)
STANDIN_VECTOR(unsigned long long, ulonglong, 8)
#undef STANDIN_VECTOR

namespace standin {

struct Four {
  float d[4];
};
struct Words {
  uint32_t r[4];
};
enum class Shuffle { index, up, down, exclusive };
enum class Vote { ballot, any, all };
enum class Reduce { add_signed, add, min_signed, min, max_signed, max, conjunction, disjunction, exclusive };
enum class Factors { bf16, f16, tf32, e4m3, e5m2 };
enum class Count { none, sum, conjunction, disjunction };
enum class Atomic { add, min, max, exchange, conjunction, disjunction, exclusive };

[[gnu::const]] uint3 thread_index();
[[gnu::const]] uint3 block_index();
[[gnu::const]] dim3 block_size();
[[gnu::const]] dim3 grid_size();
int sync_threads(Count count, int predicate, int line, const char* file);
void sync_warp(unsigned mask);
uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t value, int operand, int width);
unsigned vote(Vote kind, unsigned mask, bool predicate);
uint32_t reduce(Reduce kind, unsigned mask, uint32_t value);
uint32_t atomic(Atomic kind, uint32_t* address, uint32_t value, bool is_signed);
uint64_t atomic(Atomic kind, unsigned long long* address, uint64_t value);
float atomic_add(float* address, float value);
double atomic_add(double* address, double value);
uint32_t atomic_cas(uint32_t* address, uint32_t expected, uint32_t value);
uint64_t atomic_cas(unsigned long long* address, uint64_t expected, uint64_t value);
void yield();
[[noreturn]] void trap();

Four mma(Factors factors, Four d, Words a, uint64_t b);
Words load_matrices(int count, const void* row, bool transposed);
[[gnu::const]] uint32_t to_tf32(float x);
[[gnu::const]] float ex2(float x);
void cp_async(void* shared, const void* global, int bytes, int from_global);
void cp_async_commit();
void cp_async_wait(int pending);
void bar_sync(int id, int threads);
void bar_arrive(int id, int threads);
[[gnu::const]] uint32_t cluster_rank();
[[gnu::const]] uint32_t cluster_blocks();
[[gnu::const]] uint3 cluster_block();
void cluster_arrive();
void cluster_wait();
void mbarrier_init(void* barrier, int arrivals);
void mbarrier_arrive(void* barrier, int bytes);
void mbarrier_wait(void* barrier, int parity);
void tensor_load(void* shared, const void* map, int x, int y, void* barrier);
void tensor_store(const void* map, int x, int y, const void* shared);
void tensor_store_commit();
void tensor_store_wait(int pending);
uint4 ld_global_nc_16(const void* p);
void st_global_16(void* p, uint4 v);

// By value, so that the fragments stay in registers and the sanitizer has nothing to look at.
inline void mma(Factors factors, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  Four sum = mma(factors, {d[0], d[1], d[2], d[3]}, {a[0], a[1], a[2], a[3]}, b[0] | uint64_t{b[1]} << 32);
  for (int i = 0; i < 4; i++) d[i] = sum.d[i];
}
template <int N>
inline void ldmatrix(uint32_t (&r)[N], int count, const void* row, bool transposed) {
  Words words = load_matrices(count, row, transposed);
  for (int i = 0; i < N; i++) r[i] = words.r[i];
}

template <class T>
inline uint64_t bits(T value) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t word = 0;
  __builtin_memcpy(&word, &value, sizeof(T));
  return word;
}
template <class To, class From>
inline To bit_cast(From from) {
  static_assert(sizeof(To) <= sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}

}  // namespace standin

#define threadIdx (::standin::thread_index())
#define blockIdx (::standin::block_index())
#define blockDim (::standin::block_size())
#define gridDim (::standin::grid_size())
constexpr int warpSize = 32;

#define STANDIN_SITE int line = __builtin_LINE(), const char *file = __builtin_FILE()
inline void __syncthreads(STANDIN_SITE) { standin::sync_threads(standin::Count::none, 0, line, file); }
inline int __syncthreads_count(int p, STANDIN_SITE) {
  return standin::sync_threads(standin::Count::sum, p, line, file);
}
inline int __syncthreads_and(int p, STANDIN_SITE) {
  return standin::sync_threads(standin::Count::conjunction, p, line, file);
}
inline int __syncthreads_or(int p, STANDIN_SITE) {
  return standin::sync_threads(standin::Count::disjunction, p, line, file);
}
inline void __syncwarp(unsigned mask = 0xffffffffu) { standin::sync_warp(mask); }
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) { standin::yield(); }
[[noreturn]] inline void __trap() { standin::trap(); }
#define __builtin_assume(condition) ((condition) ? (void)0 : __builtin_unreachable())

template <class T>
inline T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
  return standin::bit_cast<T>(standin::shuffle(standin::Shuffle::index, mask, standin::bits(value), lane, width));
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return standin::bit_cast<T>(
      standin::shuffle(standin::Shuffle::up, mask, standin::bits(value), static_cast<int>(delta), width));
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return standin::bit_cast<T>(
      standin::shuffle(standin::Shuffle::down, mask, standin::bits(value), static_cast<int>(delta), width));
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32) {
  return standin::bit_cast<T>(standin::shuffle(standin::Shuffle::exclusive, mask, standin::bits(value), lanes, width));
}
inline unsigned __ballot_sync(unsigned mask, int p) { return standin::vote(standin::Vote::ballot, mask, p != 0); }
inline int __any_sync(unsigned mask, int p) { return standin::vote(standin::Vote::any, mask, p != 0) != 0; }
inline int __all_sync(unsigned mask, int p) { return standin::vote(standin::Vote::all, mask, p != 0) != 0; }
inline unsigned __reduce_add_sync(unsigned mask, unsigned v) { return standin::reduce(standin::Reduce::add, mask, v); }
inline int __reduce_add_sync(unsigned mask, int v) {
  return static_cast<int>(standin::reduce(standin::Reduce::add_signed, mask, static_cast<uint32_t>(v)));
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned v) { return standin::reduce(standin::Reduce::min, mask, v); }
inline int __reduce_min_sync(unsigned mask, int v) {
  return static_cast<int>(standin::reduce(standin::Reduce::min_signed, mask, static_cast<uint32_t>(v)));
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned v) { return standin::reduce(standin::Reduce::max, mask, v); }
inline int __reduce_max_sync(unsigned mask, int v) {
  return static_cast<int>(standin::reduce(standin::Reduce::max_signed, mask, static_cast<uint32_t>(v)));
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned v) {
  return standin::reduce(standin::Reduce::disjunction, mask, v);
}

#define STANDIN_ATOMIC(name, kind)                                                                             \
  inline unsigned name(unsigned* p, unsigned v) { return standin::atomic(standin::Atomic::kind, p, v, false); } \
  inline int name(int* p, int v) {                                                                              \
    return static_cast<int>(standin::atomic(standin::Atomic::kind, reinterpret_cast<uint32_t*>(p),              \
                                            static_cast<uint32_t>(v), true));                                   \
  }                                                                                                             \
  inline unsigned long long name(unsigned long long* p, unsigned long long v) {                                 \
    return standin::atomic(standin::Atomic::kind, p, v);                                                        \
  }
STANDIN_ATOMIC(atomicAdd, add)
STANDIN_ATOMIC(atomicMin, min)
STANDIN_ATOMIC(atomicMax, max)
STANDIN_ATOMIC(atomicExch, exchange)
STANDIN_ATOMIC(atomicAnd, conjunction)
STANDIN_ATOMIC(atomicOr, disjunction)
STANDIN_ATOMIC(atomicXor, exclusive)
#undef STANDIN_ATOMIC
inline float atomicAdd(float* p, float v) { return standin::atomic_add(p, v); }
inline double atomicAdd(double* p, double v) { return standin::atomic_add(p, v); }
inline unsigned atomicSub(unsigned* p, unsigned v) { return atomicAdd(p, 0u - v); }
inline int atomicSub(int* p, int v) { return atomicAdd(p, -v); }
inline unsigned atomicCAS(unsigned* p, unsigned expected, unsigned v) { return standin::atomic_cas(p, expected, v); }
inline int atomicCAS(int* p, int expected, int v) {
  return static_cast<int>(standin::atomic_cas(reinterpret_cast<uint32_t*>(p), static_cast<uint32_t>(expected),
                                              static_cast<uint32_t>(v)));
}
inline unsigned long long atomicCAS(unsigned long long* p, unsigned long long expected, unsigned long long v) {
  return standin::atomic_cas(p, expected, v);
}
inline float atomicExch(float* p, float v) {
  return standin::bit_cast<float>(atomicExch(reinterpret_cast<unsigned*>(p), standin::bit_cast<unsigned>(v)));
}

using std::max;
using std::min;
inline unsigned max(unsigned a, int b) { return std::max(a, static_cast<unsigned>(b)); }
inline unsigned min(unsigned a, int b) { return std::min(a, static_cast<unsigned>(b)); }
inline unsigned max(int a, unsigned b) { return std::max(static_cast<unsigned>(a), b); }
inline unsigned min(int a, unsigned b) { return std::min(static_cast<unsigned>(a), b); }
inline long long max(long long a, int b) { return std::max(a, static_cast<long long>(b)); }
inline long long min(long long a, int b) { return std::min(a, static_cast<long long>(b)); }
inline long long max(int a, long long b) { return std::max(static_cast<long long>(a), b); }
inline long long min(int a, long long b) { return std::min(static_cast<long long>(a), b); }

template <class T>
inline T __ldg(const T* p) { return *p; }
template <class T>
inline T __ldcs(const T* p) { return *p; }
template <class T>
inline T __ldcg(const T* p) { return *p; }
template <class T>
inline T __ldca(const T* p) { return *p; }
template <class T>
inline void __stcs(T* p, T v) { *p = v; }
template <class T>
inline void __stcg(T* p, T v) { *p = v; }
template <class T>
inline void __stwt(T* p, T v) { *p = v; }

inline float __uint_as_float(unsigned x) { return standin::bit_cast<float>(x); }
inline unsigned __float_as_uint(float x) { return standin::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return standin::bit_cast<float>(x); }
inline int __float_as_int(float x) { return standin::bit_cast<int>(x); }
inline double __longlong_as_double(long long x) { return standin::bit_cast<double>(x); }
inline long long __double_as_longlong(double x) { return standin::bit_cast<long long>(x); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __frsqrt_rn(float a) { return static_cast<float>(1.0 / sqrt(static_cast<double>(a))); }
inline float __fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float a) { return static_cast<float>(1.0 / sqrt(static_cast<double>(a))); }
inline double rsqrt(double a) { return 1.0 / sqrt(a); }
inline float __expf(float a) { return expf(a); }
inline float __exp10f(float a) { return exp10f(a); }
inline float __logf(float a) { return logf(a); }
inline float __log2f(float a) { return log2f(a); }
inline float __powf(float a, float b) { return powf(a, b); }
inline float __sinf(float a) { return sinf(a); }
inline float __cosf(float a) { return cosf(a); }
inline float __saturatef(float a) { return a > 0 ? (a < 1 ? a : 1) : 0; }
inline void sincospif(float a, float* s, float* c) { sincosf(static_cast<float>(M_PI) * a, s, c); }
inline int __float2int_rn(float a) { return static_cast<int>(nearbyintf(a)); }
inline int __float2int_rz(float a) { return static_cast<int>(a); }
inline int __float2int_rd(float a) { return static_cast<int>(floorf(a)); }
inline int __float2int_ru(float a) { return static_cast<int>(ceilf(a)); }
inline float __int2float_rn(int a) { return static_cast<float>(a); }
inline float __uint2float_rn(unsigned a) { return static_cast<float>(a); }
inline float __double2float_rn(double a) { return static_cast<float>(a); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>(((static_cast<uint64_t>(high) << 32 | low) << (shift & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((static_cast<uint64_t>(high) << 32 | low) >> (shift & 31));
}
inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; i++) y |= (x >> i & 1u) << (31 - i);
  return y;
}
inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
  uint64_t both = static_cast<uint64_t>(high) << 32 | low;
  unsigned y = 0;
  for (int i = 0; i < 4; i++) {
    unsigned pick = selector >> 4 * i & 0xf;
    unsigned byte = static_cast<unsigned>(both >> 8 * (pick & 7)) & 0xff;
    if (pick & 8) byte = byte & 0x80 ? 0xff : 0;
    y |= byte << 8 * i;
  }
  return y;
}
// The block's own time, not the clock's.
inline long long clock64() { return 0; }
