// Runs one kernel launch on the CPU: every CUDA thread is a fiber, every worker thread of the engine runs one block at
// a time, and every memory access of a kernel is checked (check.cc).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace standin {

// What an image sets aside for dynamic shared memory: the most a block of sm_90 or sm_100 may have.
constexpr uint32_t dynamic_shared_bytes = 227 << 10;

struct Dim {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return static_cast<uint64_t>(x) * y * z; }
};

// What an image says of one entry point; the generated half of each image (entries.h) fills it from the type.
struct Entry {
  const char* name;
  void (*call)(void* const* arguments);
  const uint32_t* sizes;
  uint32_t parameters;
  uint32_t max_threads;  // of __launch_bounds__
};

// A loaded shared object of compiled kernels.
struct Image {
  void* handle = nullptr;
  int file = -1;
  size_t tls_module = 0;
  size_t tls_bytes = 0;
  void* (*dynamic_shared)() = nullptr;
  const Entry* entries = nullptr;
  uint32_t count = 0;
  std::string arch;
  uintptr_t base = 0;  // load address, and the segments' range
  uintptr_t begin = 0, end = 0;
  uintptr_t writable = 0;  // where the data segment begins
};

enum class Fault { illegal_address, misaligned_address, launch_failed, launch_timeout };

// Why a launch ended early, in one sentence that names kernel, block and thread.
struct Failure {
  Fault fault;
  std::string sentence;
};

// A launch's arguments; each begins a place, as aligned as a CUtensorMap has to be.
struct alignas(64) Place {
  std::byte bytes[64];
};
using Arguments = std::shared_ptr<std::vector<Place>>;

struct Launch {
  const Image* image;
  const Entry* entry;
  Dim grid, block, cluster;
  uint32_t dynamic_bytes;
  int device;
  int capability;  // of the device: 80, 90
  uint64_t peers;  // bit d: memory of device d may be touched
  Arguments arguments;
};

// Blocks until every block ran or one failed.
std::optional<Failure> run(const Launch& launch);

// The arguments in the order of the parameters.
Arguments pack(const Entry& entry, void* const* arguments);

}  // namespace standin
