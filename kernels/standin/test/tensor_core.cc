// The last bits of mma.sync, which differ between generations: tensor_core 8.0, 8.9, 9.0. What is wanted here are the
// published experiments (their sources are in engine/tensor_core.cc), one dot product each.
#include <cmath>
#include <map>

#include "calls.h"

namespace {

// A type of factors: how a power of two is written in it.
struct Type {
  int bits, exponent, fraction;

  // sign * 2^power, subnormal if need be.
  uint32_t word(int sign, int power) const {
    int bias = (1 << (exponent - 1)) - 1;
    uint32_t field = power + bias >= 1 ? (power + bias) << fraction : 1u << (power + bias - 1 + fraction);
    return (field | (sign < 0 ? 1u << (exponent + fraction) : 0)) << (bits == 32 ? 31 - exponent - fraction : 0);
  }
};

struct Factors {
  const char* kernel;
  Type a, b;
  int depth() const { return 8 * 32 / a.bits; }
};

constexpr Type bf16{16, 8, 7}, f16{16, 5, 10}, tf32{32, 8, 10}, e4m3{8, 4, 3}, e5m2{8, 5, 2};

// A product: sign * 2^power at this place of the depth.
struct Product {
  int place, sign, power;
};

void* module = nullptr;

float dot(const Factors& f, float c, const std::vector<Product>& products) {
  std::vector<uint32_t> a(8), b(8);
  for (const Product& p : products) {
    int per_word = 32 / f.a.bits, shift = p.place % per_word * f.a.bits, half = p.power / 2;
    a[p.place / per_word] |= f.a.word(p.sign, half) << shift;
    b[p.place / per_word] |= f.b.word(1, p.power - half) << shift;
  }
  Pointer pa = upload(a), pb = upload(b), pd = upload(std::vector<float>(128));
  must(launch(module, f.kernel, 1, 32, 0, pa, pb, c, pd));
  std::vector<float> d = download<float>(pd, 128);
  for (float x : d) {
    if (x != d[0] && !std::isnan(x)) return NAN;
  }
  return d[0];
}

std::vector<Product> times(int count, int power) {
  std::vector<Product> all;
  for (int i = 0; i < count; i++) all.push_back({i, 1, power});
  return all;
}

void same(const Factors& f, const char* what, float got, double wanted) {
  tell(got == wanted, std::string(f.kernel) + ": " + what,
       got == wanted ? "" : std::to_string(got - 1) + " past 1 where " + std::to_string(wanted - 1) + " was wanted");
}

// The bits that alignment keeps behind the point of the largest, and the products that are summed at once.
void sums(const Factors& f, int aligned, int block, int kept) {
  double last = std::exp2(-aligned), ulp = std::exp2(-kept);
  same(f, "what alignment keeps adds up", dot(f, 1, times(4, -aligned)), 1 + std::floor(4 * last / ulp) * ulp);
  same(f, "what lies below is cut off", dot(f, 1, times(block, -aligned - 1)), 1);
  same(f, "the result is cut off, not rounded", dot(f, 1, {{0, 1, -kept - 1}, {1, 1, -kept - 2}}), 1);
  same(f, "towards zero", dot(f, -1, {{0, -1, -kept - 1}, {1, -1, -kept - 2}}), -1);
  same(f, "within a block a small product outlives two large ones",
       dot(f, 0, {{0, 1, 0}, {1, 1, -aligned}, {2, -1, 0}}),
       last);
  bool whole = block == f.depth() || kept == aligned;
  same(f, whole ? "and longer" : "and across blocks it does not",
       dot(f, 0, {{0, 1, 0}, {1, 1, -aligned}, {f.depth() - 1, -1, 0}}), whole ? last : 0);
  same(f, "a sum without a carry is exact", dot(f, 3, times(f.depth(), 0)), 3 + f.depth());
  tell(std::isnan(dot(f, NAN, times(1, 0))), std::string(f.kernel) + ": NaN stays");
  tell(dot(f, INFINITY, times(1, 0)) == INFINITY, std::string(f.kernel) + ": infinity stays");
}

}  // namespace

int main(int count, char** arguments) {
  std::string capability = count > 1 ? arguments[1] : "9.0";
  setenv("STANDIN_CAPABILITY", capability.c_str(), 1);
  must(cuInit(0));
  void* context;
  must(cuCtxCreate_v2(&context, 0, 0));
  std::string folder = std::string(standin_kernels()) + "/standin/test/";
  must(cuModuleLoad(&module, (folder + "portable_tensor_core.fatbin").c_str()));
  bool hopper = capability == "9.0";
  for (const Factors& f : {Factors{"dot_bf16", bf16, bf16}, {"dot_f16", f16, f16}, {"dot_tf32", tf32, tf32}}) {
    sums(f, hopper ? 25 : 24, hopper ? f.depth() : f.depth() / 2, 23);
  }
  if (capability != "8.0") {
    must(cuModuleLoad(&module, (folder + "sm89_tensor_core.fatbin").c_str()));
    for (const Factors& f : {Factors{"dot_e4m3", e4m3, e4m3}, {"dot_e5m2", e5m2, e4m3}}) {
      if (!hopper) sums(f, 13, f.depth() / 2, 13);
      // finer than these types' smallest products: what is cut off shows in the result alone
      else same(f, "sums are as exact as of 16 bits", dot(f, 4096, times(4, -11)), 4096 + std::exp2(-9));
    }
  }
  return summary();
}
