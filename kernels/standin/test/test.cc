// The stand-in against plain loops, and against kernels with a mistake each. Prints a line for each and ends with
// status 1 if one came out wrong.
#include <cmath>
#include <functional>

#include "calls.h"

namespace {

struct Session {
  void *context = nullptr, *right = nullptr, *mistakes = nullptr;
  Session() {
    must(cuCtxCreate_v2(&context, 0, 0));
    std::string folder = std::string(standin_kernels()) + "/standin/test/";
    must(cuModuleLoad(&right, (folder + "portable_right.fatbin").c_str()));
    must(cuModuleLoad(&mistakes, (folder + "portable_mistakes.fatbin").c_str()));
  }
  ~Session() { cuCtxDestroy_v2(context); }
};

std::vector<float> numbers(size_t count) {
  std::vector<float> v(count);
  uint32_t state = 1;
  for (float& x : v) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<float>(static_cast<int>(state >> 8)) / (1 << 23) - 1;
  }
  return v;
}

uint16_t bf16(float f) {
  uint32_t word;
  memcpy(&word, &f, 4);
  return static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16);
}
float wide(uint16_t b) {
  uint32_t word = static_cast<uint32_t>(b) << 16;
  float f;
  memcpy(&f, &word, 4);
  return f;
}

float tf32(float f) {
  uint32_t word;
  memcpy(&word, &f, 4);
  word = (word + 0x1000) & 0xffffe000;
  memcpy(&f, &word, 4);
  return f;
}

double worst(const std::vector<float>& a, const std::vector<float>& b) {
  double w = 0;
  for (size_t i = 0; i < b.size(); i++) w = std::max(w, std::isnan(a[i]) ? INFINITY : std::fabs(double(a[i]) - b[i]));
  return w;
}

void near(const char* what, const std::vector<float>& got, const std::vector<float>& wanted, double tolerance = 0) {
  double w = worst(got, wanted);
  tell(w <= tolerance, what, w <= tolerance ? "" : "off by " + std::to_string(w));
}

std::vector<float> product(const std::vector<float>& a, const std::vector<float>& b, int depth) {
  std::vector<float> d(16 * 8);
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 8; j++) {
      double sum = 0;
      for (int k = 0; k < depth; k++) sum += double(a[i * depth + k]) * b[k * 8 + j];
      d[i * 8 + j] = static_cast<float>(sum);
    }
  }
  return d;
}

void matrices() {
  Session s;
  std::vector<float> values = numbers(16 * 16 + 16 * 8);
  std::vector<uint16_t> a, b;
  std::vector<float> wide_a, wide_b, tf_a, tf_b;
  for (int i = 0; i < 256; i++) a.push_back(bf16(values[i])), wide_a.push_back(wide(a.back()));
  for (int i = 0; i < 128; i++) b.push_back(bf16(values[256 + i])), wide_b.push_back(wide(b.back()));
  for (int i = 0; i < 128; i++) tf_a.push_back(tf32(values[i]));
  for (int i = 0; i < 64; i++) tf_b.push_back(tf32(values[256 + i]));
  Pointer pa = upload(a), pb = upload(b), pd = upload(std::vector<float>(128));
  must(launch(s.right, "mma_bf16", 1, 32, 0, pa, pb, pd));
  near("mma.m16n8k16 of bf16", download<float>(pd, 128), product(wide_a, wide_b, 16), 1e-5);
  must(launch(s.right, "mma_bf16_ldmatrix", 1, 32, 0, pa, pb, pd));
  near("ldmatrix, plain and transposed, two and four", download<float>(pd, 128), product(wide_a, wide_b, 16), 1e-5);
  Pointer fa = upload(values), fb = upload(std::vector<float>(values.begin() + 256, values.begin() + 320));
  must(launch(s.right, "mma_tf32", 1, 32, 0, fa, fb, pd));
  near("mma.m16n8k8 of tf32", download<float>(pd, 128), product(tf_a, tf_b, 8), 1e-5);
}

void data_movement() {
  Session s;
  std::vector<float> in = numbers(512);
  int n = 300;
  Pointer pi = upload(in), po = upload(std::vector<float>(512));
  must(launch(s.right, "copies", 1, 128, 0, pi, po, n));
  std::vector<float> wanted(512);
  for (int i = 0; i < 512; i++) wanted[i] = i < n ? 2 * in[i] : 0;
  near("cp.async in groups, zeros where not valid", download<float>(po, 512), wanted);

  Pointer results = upload(std::vector<float>(768)), vectors = upload(std::vector<float>(1024));
  must(launch(s.right, "arithmetic", 1, 256, 0, pi, results, vectors));
  std::vector<float> got = download<float>(results, 768), powers, halves, tensors;
  for (int i = 0; i < 256; i++) {
    powers.push_back(std::exp2(in[i]));
    halves.push_back(wide(bf16(in[i])));
    tensors.push_back(tf32(in[i]));
  }
  near("ex2", got, powers, 1e-6);
  near("f32 to bf16", {got.begin() + 256, got.begin() + 512}, halves);
  near("f32 to tf32", {got.begin() + 512, got.end()}, tensors);
  std::vector<float> pieces = download<float>(vectors, 1024);
  for (int i = 256; i < 1024; i++) pieces[i % 256] = pieces[i] == in[i % 256] ? pieces[i % 256] : NAN;
  near("16-byte loads and stores", pieces, {in.begin(), in.begin() + 256});
}

void warps_and_blocks() {
  Session s;
  std::vector<float> in = numbers(64);
  Pointer pi = upload(in), po = upload(std::vector<float>(256));
  must(launch(s.right, "lanes", 1, 32, 0, pi, po));
  std::vector<float> wanted;
  auto add = [&](std::function<float(int)> f) {
    for (int lane = 0; lane < 32; lane++) wanted.push_back(f(lane));
  };
  add([&](int i) { return in[i / 8 * 8 + 3]; });
  add([&](int i) { return in[i < 2 ? i : i - 2]; });
  add([&](int i) { return in[i % 16 + 3 < 16 ? i + 3 : i]; });
  add([&](int i) { return in[i ^ 5]; });
  add([](int) { return 496.0f; });
  add([](int) { return 1.0f; });
  add([](int) { return 10.0f; });
  add([&](int i) { return in[i < 16 ? i ^ 8 : i ^ 4]; });
  near("shuffles, votes, warp sums", download<float>(po, 256), wanted);

  Pointer counters = upload(std::vector<unsigned>(3));
  must(launch(s.right, "counts", 7, 250, 0, counters));
  tell(download<unsigned>(counters, 3) == std::vector<unsigned>{7 * 250, 7 * 125, 6}, "barriers that count, atomics");

  Pointer part = upload(std::vector<float>(64)), done = upload(std::vector<unsigned>(1)), sum = upload(std::vector<float>(1));
  must(launch(s.right, "last_block", 64, 32, 0, pi, part, done, sum));
  float plain = 0;
  for (float x : in) plain += x;
  near("the last block sums", download<float>(sum, 1), {plain});

  Pointer flag = upload(std::vector<unsigned>(1)), ones = upload(std::vector<float>(64));
  must(launch(s.right, "spin", 1, 64, 0, flag, ones));
  near("threads that wait for a flag", download<float>(ones, 64), std::vector<float>(64, 1.0f));
}

struct Mistake {
  const char *kernel, *error, *says;  // no error: the result is NaN
};
constexpr Mistake mistakes[] = {
    {"missing_wait", "CUDA_ERROR_LAUNCH_FAILED", "has not been waited for"},
    {"missing_barrier_after_wait", "CUDA_ERROR_LAUNCH_FAILED", "race: write of 16 bytes"},
    {"wrong_commit_group", "CUDA_ERROR_LAUNCH_FAILED", "has not been waited for"},
    {"missing_barrier", "CUDA_ERROR_LAUNCH_FAILED", "race: "},
    {"overwritten_too_early", "CUDA_ERROR_LAUNCH_FAILED", "race: "},
    {"race_in_reduction", "CUDA_ERROR_LAUNCH_FAILED", "race: "},
    {"missing_syncwarp", "CUDA_ERROR_LAUNCH_FAILED", "race: "},
    {"syncwarp_across_warps", "CUDA_ERROR_LAUNCH_FAILED", "race: "},
    {"read_past_the_end", "CUDA_ERROR_ILLEGAL_ADDRESS", "0 bytes past the end of the allocation of 4096 bytes"},
    {"write_past_the_end", "CUDA_ERROR_ILLEGAL_ADDRESS", "illegal address: write of 4 bytes"},
    {"dynamic_shared_past_the_end", "CUDA_ERROR_ILLEGAL_ADDRESS", "of which the launch gave 2048"},
    {"row_past_the_end", "CUDA_ERROR_ILLEGAL_ADDRESS", "index 33 is outside 'float [33]'"},
    {"divergent_barrier", "CUDA_ERROR_LAUNCH_FAILED", "divergent barrier"},
    {"barrier_that_some_never_reach", "CUDA_ERROR_LAUNCH_TIMEOUT", "deadlock: threads 0 to 15 wait for __shfl_sync"},
    {"named_barrier_short_of_a_warp", "CUDA_ERROR_LAUNCH_TIMEOUT", "barrier 1 (64 of 96 threads arrived)"},
    {"arrival_before_the_read", "CUDA_ERROR_LAUNCH_FAILED", "race: "},
    {"misaligned_vector", "CUDA_ERROR_MISALIGNED_ADDRESS", "needs a multiple of 16 bytes"},
    {"misaligned_matrix_row", "CUDA_ERROR_MISALIGNED_ADDRESS", "ldmatrix"},
    {"misaligned_async_copy", "CUDA_ERROR_MISALIGNED_ADDRESS", "cp.async"},
    {"shared_memory_never_written", "", ""},
    {"shuffle_from_outside_the_mask", "CUDA_ERROR_LAUNCH_FAILED", "shuffles from lane 16"},
    {"null_pointer", "CUDA_ERROR_ILLEGAL_ADDRESS", "no device memory is anywhere near"},
};

void catch_mistake(const Mistake& m) {
  for (int wrong = 0; wrong < 2; wrong++) {
    Session s;
    int n = 1024;
    Pointer in = upload(numbers(1024)), out = upload(std::vector<float>(1024));
    Result r = launch(s.mistakes, m.kernel, 1, 128, 2048, in, out, n, wrong);
    if (r == 0) r = cuCtxSynchronize();
    if (wrong == 0) {
      tell(r == 0, std::string(m.kernel) + ", done right", r == 0 ? "" : standin_report());
    } else if (*m.error == 0) {
      tell(r == 0 && std::isnan(download<float>(out, 128)[5]), std::string(m.kernel) + " shows as NaN");
    } else {
      std::string report = standin_report();
      bool caught = name_of(r) == m.error && report.find(m.says) != std::string::npos &&
                    report.find("portable_mistakes.cu:") != std::string::npos;
      tell(caught, m.kernel, name_of(r) + ", " + report);
    }
  }
}

template <class... A>
Result launch_clusters(void* module, const char* name, std::vector<unsigned> grid, std::vector<unsigned> cluster,
                       unsigned threads, A... arguments) {
  struct {
    int id = 4, padding = 0;  // CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
    unsigned cluster[16] = {};
  } attribute;
  struct {
    unsigned grid[3], block[3], shared_bytes;
    void* stream;
    const void* attributes;
    unsigned count;
  } config = {{grid[0], grid[1], 1}, {threads, 1, 1}, 0, nullptr, &attribute, 1};
  std::copy(cluster.begin(), cluster.end(), attribute.cluster);
  void* f;
  must(cuModuleGetFunction(&f, module, name));
  void* pointers[] = {&arguments...};
  return cuLaunchKernelEx(&config, f, pointers, nullptr);
}

void clusters() {
  {
    Session s;
    void* module;
    must(cuModuleLoad(&module, (std::string(standin_kernels()) + "/standin/test/sm90a_cluster.fatbin").c_str()));
    Pointer cells = upload(std::vector<unsigned>(8 * 24)), out = upload(std::vector<unsigned>(24));
    Pointer places = upload(std::vector<unsigned>(24));
    must(launch_clusters(module, "neighbours", {6, 4}, {2, 4, 1}, 64, cells, out, places, 5u));
    must(cuCtxSynchronize());
    tell(download<unsigned>(out, 24) == std::vector<unsigned>(24, 40), "blocks of a cluster wait for each other");
    std::vector<unsigned> wanted;
    for (unsigned y = 0; y < 4; y++)
      for (unsigned x = 0; x < 6; x++) wanted.push_back(x % 2 + 2 * y + 16 * (x % 2) + 256 * y);
    tell(download<unsigned>(places, 24) == wanted, "a block's place in its cluster");
    must(launch(module, "neighbours", 24, 64, 0, cells, out, places, 5u));
    must(cuCtxSynchronize());
    tell(download<unsigned>(out, 24) == std::vector<unsigned>(24, 5), "a launch without clusters has them of one block");
    must(launch_clusters(module, "one_ends", {4, 1}, {2, 1, 1}, 32, out, 0u));
    must(cuCtxSynchronize());
    tell(download<unsigned>(out, 4) == std::vector<unsigned>{5, 7, 5, 7}, "a block that has ended counts as arrived");
    Result uneven = launch_clusters(module, "neighbours", {6, 4}, {4, 1, 1}, 64, cells, out, places, 1u);
    tell(name_of(uneven) == "CUDA_ERROR_INVALID_CLUSTER_SIZE", "a cluster that does not divide the grid");
  }
  for (auto [mistake, sentence] : {std::pair{1u, "without having arrived"}, std::pair{2u, "arrives twice"}}) {
    Session s;
    void* module;
    must(cuModuleLoad(&module, (std::string(standin_kernels()) + "/standin/test/sm90a_cluster.fatbin").c_str()));
    Pointer out = upload(std::vector<unsigned>(4));
    must(launch_clusters(module, "one_ends", {4, 1}, {2, 1, 1}, 32, out, mistake));
    Result r = cuCtxSynchronize();
    std::string report = standin_report();
    tell(r != 0 && report.find(sentence) != std::string::npos, std::string("cluster's barrier: ") + sentence, report);
  }
}

struct alignas(64) TensorMap {
  unsigned long long opaque[16];
};

// Of a matrix of floats with `pitch` of them between its rows.
Result encode(TensorMap& map, Pointer matrix, uint64_t rows, uint64_t columns, uint64_t pitch, unsigned box_rows,
              unsigned box_columns, unsigned swizzle = 0) {
  uint64_t dims[] = {columns, rows}, strides[] = {pitch * 4};
  unsigned box[] = {box_columns, box_rows}, steps[] = {1, 1};
  return cuTensorMapEncodeTiled(&map, 7, 2, reinterpret_cast<void*>(matrix), dims, strides, box, steps, 0, swizzle, 0, 0);
}

void boxes() {
  constexpr int rows = 37, columns = 60, pitch = 64;
  const std::string path = std::string(standin_kernels()) + "/standin/test/sm90a_tensor.fatbin";
  const std::vector<float> values = numbers(rows * pitch);
  const char* sentences[] = {"", "has not been waited for", "-16 bytes announced and not copied",
                             "has not waited for this copy", "has not been waited for"};
  for (int mistake = 0; mistake < 5; mistake++) {
    Session s;
    void* module;
    must(cuModuleLoad(&module, path.c_str()));
    Pointer in = upload(values), out = upload(std::vector<float>(rows * pitch, 7)), sums = upload(std::vector<float>(320));
    TensorMap from, to;
    must(encode(from, in, rows, columns, pitch, 8, 16));
    must(encode(to, out, rows, columns, pitch, 8, 16));
    Result r = launch(module, "boxes_8x16", 5, 64, 1024, from, to, sums, 4, mistake);
    if (r == 0) r = cuCtxSynchronize();
    if (mistake > 0) {
      std::string report = standin_report();
      tell(r != 0 && report.find(sentences[mistake]) != std::string::npos,
           std::string("boxes: ") + sentences[mistake], report);
      continue;
    }
    must(r);
    std::vector<float> wanted(rows * pitch, 7);
    double all = 0, found = 0;
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) all += wanted[i * pitch + j] = values[i * pitch + j];
    }
    for (float sum : download<float>(sums, 320)) found += sum;
    near("boxes through shared memory", download<float>(out, rows * pitch), wanted);
    tell(std::fabs(all - found) < 1e-3, "zeros where a box lies outside the matrix");
  }
  Session s;
  void* module;
  must(cuModuleLoad(&module, path.c_str()));
  Pointer in = upload(values), out = upload(std::vector<float>(8 * 32));
  for (unsigned swizzle = 0; swizzle <= 3; swizzle++) {
    const int width = swizzle == 0 ? 32 : 4 << swizzle, y = 33, x = -3;
    TensorMap from;
    must(encode(from, in, rows, columns, pitch, 8, width, swizzle));
    must(launch(module, "one_box", 1, 32, 1024, from, out, x, y, 8 * width));
    must(cuCtxSynchronize());
    std::vector<float> wanted(8 * width);
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < width; j++) {
        // 16 bytes at a time, by the number of the 128 bytes they lie in
        int line = (i * width + j) / 32, at = (i * width + j) ^ (line & ((1 << swizzle) - 1)) << 2;
        bool there = x + j >= 0 && y + i < rows;
        wanted[at] = there ? values[(y + i) * pitch + x + j] : 0;
      }
    }
    near(("a box with swizzle " + std::to_string(swizzle)).c_str(), download<float>(out, 8 * width), wanted);
  }
  TensorMap map;
  tell(name_of(encode(map, in, rows, columns, 63, 8, 16)) == "CUDA_ERROR_INVALID_VALUE", "a tensor map's rows begin at 16 bytes");
  tell(name_of(encode(map, in, rows, columns, pitch, 8, 64, 3)) == "CUDA_ERROR_INVALID_VALUE", "a box wider than its swizzle");
}

void driver_rules() {
  {
    Session s;
    Pointer out = upload(std::vector<float>(1024));
    int n = 1024, wrong = 0;
    Result r = launch(s.mistakes, "missing_barrier", 1, 256, 2048, out, out, n, wrong);
    tell(name_of(r) == "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "more threads than __launch_bounds__");
    r = launch(s.mistakes, "missing_barrier", 1, 128, 50 << 10, out, out, n, wrong);
    tell(name_of(r) == "CUDA_ERROR_INVALID_VALUE", "more than 48 KiB of shared memory without asking");
    void* f;
    must(cuModuleGetFunction(&f, s.mistakes, "missing_barrier"));
    must(cuFuncSetAttribute(f, 8, 50 << 10));
    must(launch(s.mistakes, "missing_barrier", 1, 128, 50 << 10, out, out, n, wrong));
    must(cuMemFree_v2(out));
    r = launch(s.mistakes, "missing_barrier", 1, 128, 0, out, out, n, wrong);
    if (r == 0) r = cuCtxSynchronize();
    tell(name_of(r) == "CUDA_ERROR_ILLEGAL_ADDRESS", "memory that was freed", standin_report());
    Pointer p;
    tell(name_of(cuMemAlloc_v2(&p, 4)) == "CUDA_ERROR_ILLEGAL_ADDRESS", "the context is lost after that");
  }
  {
    Session s;
    void* stream;
    must(cuStreamCreate(&stream, 1));
    Pointer p = upload(std::vector<unsigned>{1, 1});
    must(cuMemsetD32Async(p, 7, 2, stream));
    bool before = download<unsigned>(p, 2)[0] == 1;
    must(cuStreamSynchronize(stream));
    tell(before && download<unsigned>(p, 2)[1] == 7, "work on a stream is done when it is waited for, not before");
    unsigned* pinned;
    must(cuMemHostAlloc(reinterpret_cast<void**>(&pinned), 8, 0));
    pinned[0] = 8;
    must(cuMemcpyHtoDAsync_v2(p, pinned, 4, stream));
    pinned[0] = 9;
    must(cuStreamSynchronize(stream));
    tell(download<unsigned>(p, 1)[0] == 9, "pinned memory is read when the copy runs");

    void *graph, *executable;
    must(cuStreamBeginCapture_v2(stream, 0));
    must(cuMemsetD32Async(p, 3, 1, stream));
    must(cuMemsetD32Async(p + 4, 4, 1, stream));
    bool refused = name_of(cuMemFree_v2(p)) == "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED";
    must(cuStreamEndCapture(stream, &graph));
    must(cuGraphInstantiateWithFlags(&executable, graph, 0));
    must(cuGraphLaunch(executable, stream));
    must(cuStreamSynchronize(stream));
    tell(refused && download<unsigned>(p, 2) == std::vector<unsigned>{3, 4}, "a captured graph is replayed");
  }
  {
    Session s;
    Pointer p;
    standin_fail("alloc:2");
    Result first = cuMemAlloc_v2(&p, 64), second = cuMemAlloc_v2(&p, 64), third = cuMemAlloc_v2(&p, 64);
    tell(first == 0 && name_of(second) == "CUDA_ERROR_OUT_OF_MEMORY" && third == 0, "STANDIN_FAIL=alloc:2");
    tell(name_of(cuMemAlloc_v2(&p, size_t{3} << 30)) == "CUDA_ERROR_OUT_OF_MEMORY", "more than STANDIN_MEMORY");
  }
  for (auto [how, error] : {std::pair{"illegal_address:null_pointer", "CUDA_ERROR_ILLEGAL_ADDRESS"},
                            std::pair{"device_lost:1", "CUDA_ERROR_DEVICE_UNAVAILABLE"},
                            std::pair{"ecc:1", "CUDA_ERROR_ECC_UNCORRECTABLE"}}) {
    Session s;
    int n = 1024, wrong = 0;
    Pointer out = upload(std::vector<float>(1024));
    standin_fail(how);
    Result r = launch(s.mistakes, "null_pointer", 1, 128, 0, out, out, n, wrong);
    tell(r == 0 && name_of(cuCtxSynchronize()) == error, std::string("STANDIN_FAIL=") + how);
    standin_fail("");
  }
}

}  // namespace

int main() {
  setenv("STANDIN_CAPABILITY", "9.0", 1);  // for clusters
  must(cuInit(0));
  matrices();
  data_movement();
  warps_and_blocks();
  for (const Mistake& m : mistakes) catch_mistake(m);
  driver_rules();
  clusters();
  boxes();
  return summary();
}
