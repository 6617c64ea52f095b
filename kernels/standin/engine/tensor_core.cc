// mma.sync as tensor cores compute it. Their arithmetic is not that of IEEE 754, and NVIDIA does not document it, but it
// was measured: Fasi, Higham, Mikaitis, Pranesh, "Numerical behavior of NVIDIA tensor cores", PeerJ CS 7:e330, 2021; Xie
// et al., "MMA-Sim", arXiv 2511.10909, 2025; Khattak, Mikaitis, "Accurate Models of NVIDIA Tensor Cores", arXiv
// 2512.07004, 2025. The latter two say that their models agree with the hardware bit by bit.
//
// Products are exact. A block of them and the sum so far are shifted to the largest exponent among them, where an
// exponent of a product is the sum of its factors', and what falls below the last bit kept is cut off, not rounded. The
// sum of these is exact, and is cut off to f32, towards zero.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "worker.h"
// After the C++ headers: its names of CUDA's attributes are words of theirs.
#include "prelude.h"

namespace standin {

namespace {

constexpr int rows = 16, columns = 8, most_depth = 32;
// Below that of any product, so that a zero decides no alignment; a double has it.
constexpr int exponent_of_zero = -900;
constexpr int f32_fraction = 23;

// A floating-point type.
struct Format {
  int bits, exponent, fraction;
  bool infinite;  // an exponent of all ones is no number; else only the largest magnitude is none
};

constexpr Format f32{32, 8, f32_fraction, true}, bf16{16, 8, 7, true}, f16{16, 5, 10, true}, e4m3{8, 4, 3, false},
    e5m2{8, 5, 2, true};
// Of tf32 the unit reads the sign, 8 bits of exponent and 10 of fraction.
constexpr Format tf32{32, 8, 10, true};

// How many products are summed at once, the bits behind the point that alignment keeps, and those of the result.
struct Unit {
  int block, aligned, kept;
};

// mma.sync of 8-bit factors on sm_90 multiplies as f16 does; it is wgmma that keeps 13 bits there. On sm_89 it does.
Unit unit_of(int bits, int capability) {
  int depth = 32 * columns / bits;
  if (capability >= 90) return {depth, 25, f32_fraction};
  if (bits == 8) return {depth / 2, 13, 13};
  return {depth / 2, 24, f32_fraction};
}

// The value is significand * 2^(exponent - bits behind the point).
struct Number {
  int significand, exponent;
  bool special;
};

template <Format f>
Number number(uint32_t word) {
  if (f.bits == 32) word >>= f32_fraction - f.fraction;
  uint32_t fraction = word & ((1u << f.fraction) - 1);
  uint32_t field = word >> f.fraction & ((1u << f.exponent) - 1);
  bool top = field == (1u << f.exponent) - 1;
  bool special = top && (f.infinite || fraction == (1u << f.fraction) - 1);
  int magnitude = static_cast<int>(field == 0 ? fraction : fraction | 1u << f.fraction);
  bool negative = word >> (f.exponent + f.fraction) & 1;
  int bias = (1 << (f.exponent - 1)) - 1;
  int exponent = magnitude == 0 ? exponent_of_zero : static_cast<int>(std::max(field, 1u)) - bias;
  return {negative ? -magnitude : magnitude, exponent, special};
}

template <Format f>
float value(uint32_t word) {
  Number n = number<f>(word);
  if (!n.special) return static_cast<float>(std::ldexp(n.significand, n.exponent - f.fraction));
  uint32_t shifted = f.bits == 32 ? word >> (f32_fraction - f.fraction) : word;
  bool infinite = f.infinite && (shifted & ((1u << f.fraction) - 1)) == 0;
  float magnitude = infinite ? HUGE_VALF : NAN;
  return shifted >> (f.exponent + f.fraction) & 1 ? -magnitude : magnitude;
}

// For exponents of normal doubles.
double power_of_two(int exponent) { return bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52); }

struct Factor {
  int significand[most_depth][columns], exponent[most_depth][columns];
};

// The words of both operands, element by element: a row-major, b column by column.
struct Elements {
  uint32_t a[rows][most_depth], b[most_depth][columns];
};

// One row of the output; products have `fraction` bits behind the point. Where the stand-in spends most of its time on a
// product, and of use only in vectors over the columns.
[[gnu::optimize("O3")]] void sum_row(float (&c)[columns], const Number* a, const Factor& b, int depth, int fraction, const Unit& unit) {
  const int up = unit.aligned - fraction;
  for (int first = 0; first < depth; first += unit.block) {
    int top[columns];
    int64_t sum[columns];
    Number old[columns];
    for (int j = 0; j < columns; j++) {
      old[j] = number<f32>(bit_cast<uint32_t>(c[j]));
      top[j] = old[j].exponent;
    }
    for (int k = first; k < first + unit.block; k++) {
      for (int j = 0; j < columns; j++) top[j] = std::max(top[j], a[k].exponent + b.exponent[k][j]);
    }
    for (int j = 0; j < columns; j++) {
      int64_t magnitude = std::abs(static_cast<int64_t>(old[j].significand)) << 2;
      magnitude >>= std::min(f32_fraction + 2 - unit.aligned + top[j] - old[j].exponent, 62);
      sum[j] = old[j].significand < 0 ? -magnitude : magnitude;
    }
    for (int k = first; k < first + unit.block; k++) {
      for (int j = 0; j < columns; j++) {
        int product = a[k].significand * b.significand[k][j];
        int magnitude = std::abs(product) << up >> std::min(top[j] - a[k].exponent - b.exponent[k][j], 31);
        sum[j] += product < 0 ? -magnitude : magnitude;
      }
    }
    for (int j = 0; j < columns; j++) {
      double exact = static_cast<double>(sum[j]) * power_of_two(top[j] - unit.aligned);
      uint64_t cut = bit_cast<uint64_t>(exact) & ~0ull << (52 - unit.kept);
      c[j] = static_cast<float>(bit_cast<double>(cut));
    }
  }
}

// PTX ISA, matrix fragments for mma.m16n8k8 of tf32, m16n8k16 of 16-bit and m16n8k32 of 8-bit floats, which are one
// rule: a register holds n = 4, 2 or 1 elements that follow each other in depth; with g = lane / 4 and t = lane % 4,
// a: row g for a0 and a2, g + 8 for a1 and a3; depth from n t for a0 and a1, 4 n further for a2 and a3.
// b: column g; depth from n t for b0, 4 n further for b1.
// d: row g for d0 and d1, g + 8 for d2 and d3; columns 2 t and 2 t + 1.
template <Format of_a, Format of_b>
[[gnu::optimize("O3")]] void multiply(Worker& w, int number_of_warp, uint32_t present) {
  if (present != ~0u) fail(Fault::launch_failed, w.current->site, "mma.sync needs all 32 lanes of its warp");
  auto& offers = w.warp[number_of_warp].offers;
  constexpr int bits = of_a.bits, n = 32 / bits, depth = 8 * n;
  const Unit unit = unit_of(bits, w.launch->capability);
  constexpr uint32_t mask = ~0u >> (32 - bits);
  Elements words;
  for (int lane = 0; lane < lanes; lane++) {
    const Offer& o = offers[lane];
    int g = lane / 4, t = lane % 4;
    for (int e = 0; e < n; e++) {
      for (int i = 0; i < 4; i++)
        words.a[g + i % 2 * 8][n * t + e + i / 2 * 4 * n] = o.a[i] >> e * bits & mask;
      for (int i = 0; i < 2; i++) words.b[n * t + e + i * 4 * n][g] = o.b[i] >> e * bits & mask;
    }
  }
  Factor b;
  bool special_column[columns] = {};
  uint32_t any_b = 0;
  for (int k = 0; k < depth; k++) {
    for (int j = 0; j < columns; j++) {
      any_b |= words.b[k][j];
      Number element = number<of_b>(words.b[k][j]);
      b.significand[k][j] = element.significand;
      b.exponent[k][j] = element.exponent;
      special_column[j] |= element.special;
    }
  }
  for (int i = 0; i < rows; i++) {
    Number a[most_depth];
    bool special_row = false;
    uint32_t any_a = 0;
    for (int k = 0; k < depth; k++) {
      any_a |= words.a[i][k];
      a[k] = number<of_a>(words.a[i][k]);
      special_row |= a[k].special;
    }
    float c[columns], finite[columns];
    for (int j = 0; j < columns; j++) {
      c[j] = offers[i % 8 * 4 + j / 2].d[i / 8 * 2 + j % 2];
      finite[j] = std::isfinite(c[j]) ? c[j] : 0;
    }
    // What fills up a tile changes nothing that is kept whole, but that the sum of zeros has no sign.
    if ((any_a == 0 || any_b == 0) && unit.kept == f32_fraction) {
      for (float& sum : finite) sum += 0;
    } else {
      sum_row(finite, a, b, depth, of_a.fraction + of_b.fraction, unit);
    }
    for (int j = 0; j < columns; j++) {
      float sum = finite[j];
      if (special_row || special_column[j] || !std::isfinite(c[j])) {
        sum = c[j];
        for (int k = 0; k < depth; k++) sum += value<of_a>(words.a[i][k]) * value<of_b>(words.b[k][j]);
      }
      offers[i % 8 * 4 + j / 2].d[i / 8 * 2 + j % 2] = sum;
    }
  }
}

struct Instruction {
  const char* name;
  void (*multiply)(Worker&, int, uint32_t);
};

Instruction instruction(Factors factors) {
  switch (factors) {
    case Factors::bf16: return {"mma.m16n8k16 of bf16", multiply<bf16, bf16>};
    case Factors::f16: return {"mma.m16n8k16 of f16", multiply<f16, f16>};
    case Factors::tf32: return {"mma.m16n8k8 of tf32", multiply<tf32, tf32>};
    case Factors::e4m3: return {"mma.m16n8k32 of e4m3", multiply<e4m3, e4m3>};
    case Factors::e5m2: return {"mma.m16n8k32 of e5m2 by e4m3", multiply<e5m2, e4m3>};
  }
  return {};
}

}  // namespace

Four mma(Factors factors, Four d, Words a, uint64_t b) {
  Offer& o = own();
  std::copy(d.d, d.d + 4, o.d);
  std::copy(a.r, a.r + 4, o.a);
  o.b[0] = static_cast<uint32_t>(b);
  o.b[1] = static_cast<uint32_t>(b >> 32);
  const Instruction of = instruction(factors);
  meet(of.name, static_cast<uint64_t>(factors), ~0u, of.multiply, STANDIN_CALLER);
  std::copy(o.d, o.d + 4, d.d);
  return d;
}

}  // namespace standin
