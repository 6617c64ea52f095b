#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "driver.h"

namespace standin {

namespace {

// The length of an ELF file from its header: the table of sections is the last thing in it.
size_t elf_bytes(const void* image) {
  const auto* e = static_cast<const Elf64_Ehdr*>(image);
  if (memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 || e->e_machine != EM_X86_64) return 0;
  return e->e_shoff + size_t{e->e_shnum} * e->e_shentsize;
}

bool runs_on(const std::string& arch, int major, int minor) {
  int capability = major * 10 + minor;
  if (arch == "portable") return capability >= 80;
  if (arch == "sm89") return capability >= 89;
  if (arch == "sm90a") return capability == 90;
  if (arch == "sm100a") return capability == 100 || capability == 103;
  if (arch == "sm120a") return capability == 120 || capability == 121;
  return false;
}

void find_segments(Image& image) {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* p) {
        auto* image = static_cast<Image*>(p);
        auto probe = reinterpret_cast<uintptr_t>(image->dynamic_shared);
        for (int i = 0; i < info->dlpi_phnum; i++) {
          const auto& h = info->dlpi_phdr[i];
          uintptr_t from = info->dlpi_addr + h.p_vaddr;
          if (h.p_type != PT_LOAD || probe < from || probe >= from + h.p_memsz) continue;
          image->base = info->dlpi_addr;
          image->begin = UINTPTR_MAX;
          for (int j = 0; j < info->dlpi_phnum; j++) {
            const auto& s = info->dlpi_phdr[j];
            uintptr_t begin = info->dlpi_addr + s.p_vaddr;
            if (s.p_type == PT_TLS) {
              image->tls_module = info->dlpi_tls_modid;
              image->tls_bytes = s.p_memsz;
            }
            if (s.p_type != PT_LOAD) continue;
            image->begin = std::min(image->begin, begin);
            image->end = std::max(image->end, begin + s.p_memsz);
            if (s.p_flags & PF_W) image->writable = begin;
          }
          return 1;
        }
        return 0;
      },
      &image);
}

CUresult load(Context* context, Module** module, const void* bytes) {
  size_t size = elf_bytes(bytes);
  if (size == 0) {
    return report(CUDA_ERROR_INVALID_IMAGE,
                  "the image is not one that `make -C kernels standin` built; the stand-in cannot run a GPU's code.");
  }
  int file = memfd_create("standin", MFD_CLOEXEC);
  if (file < 0 || write(file, bytes, size) != static_cast<ssize_t>(size)) return CUDA_ERROR_INVALID_IMAGE;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  auto m = std::make_unique<Module>();
  m->context = context;
  Image& image = m->image;
  image.file = file;
  image.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (image.handle == nullptr) return report(CUDA_ERROR_INVALID_IMAGE, std::string(dlerror()) + ".");
  auto symbol = [&](const char* name) { return dlsym(image.handle, name); };
  image.entries = static_cast<const Entry*>(symbol("standin_entries"));
  const auto* count = static_cast<const uint32_t*>(symbol("standin_entry_count"));
  const auto* arch = static_cast<const char*>(symbol("standin_arch"));
  image.dynamic_shared = reinterpret_cast<void* (*)()>(symbol("standin_dynamic"));
  if (image.entries == nullptr || count == nullptr || arch == nullptr || image.dynamic_shared == nullptr) {
    return report(CUDA_ERROR_INVALID_IMAGE, "the image is a shared object, but none of the stand-in's kernels.");
  }
  image.count = *count;
  image.arch = arch;
  find_segments(image);
  if (!runs_on(image.arch, driver().major, driver().minor)) return CUDA_ERROR_NO_BINARY_FOR_GPU;
  *module = m.release();
  context->modules.insert(*module);
  return CUDA_SUCCESS;
}

CUresult code_of(Fault fault) {
  switch (fault) {
    case Fault::illegal_address: return CUDA_ERROR_ILLEGAL_ADDRESS;
    case Fault::misaligned_address: return CUDA_ERROR_MISALIGNED_ADDRESS;
    case Fault::launch_failed: return CUDA_ERROR_LAUNCH_FAILED;
    case Fault::launch_timeout: return CUDA_ERROR_LAUNCH_TIMEOUT;
  }
  return CUDA_ERROR_UNKNOWN;
}

CUresult execute(const Launch& launch) {
  Driver& d = driver();
  std::string name = launch.entry->name;
  d.launches++;
  if (injected("illegal_address", d.launches, name)) {
    return report(CUDA_ERROR_ILLEGAL_ADDRESS, "kernel " + name + ": an illegal address, as STANDIN_FAIL asked.");
  }
  if (injected("ecc", d.launches, name)) {
    return report(CUDA_ERROR_ECC_UNCORRECTABLE, "kernel " + name + ": an ECC error, as STANDIN_FAIL asked.");
  }
  if (injected("device_lost", d.launches, name)) {
    return report(CUDA_ERROR_DEVICE_UNAVAILABLE, "kernel " + name + ": a lost device, as STANDIN_FAIL asked.");
  }
  std::optional<Failure> failure = run(launch);
  return failure ? report(code_of(failure->fault), failure->sentence) : CUDA_SUCCESS;
}

CUresult refuse(const Function& f, const std::string& why, CUresult code) {
  return report(code, "launch of " + std::string(f.entry->name) + ": " + why + ".");
}

CUresult launch(Context* context, Function* f, Dim grid, Dim block, Dim cluster, unsigned dynamic_bytes,
                Stream* stream, void** parameters, void** extra) {
  if (f == nullptr || f->module->context != context) return CUDA_ERROR_INVALID_HANDLE;
  if (extra != nullptr) return CUDA_ERROR_NOT_SUPPORTED;
  if (grid.count() == 0 || grid.y > 65535 || grid.z > 65535 || grid.x > 0x7fffffff) {
    return refuse(*f, "the grid (" + std::to_string(grid.x) + ", " + std::to_string(grid.y) + ", " +
                          std::to_string(grid.z) + ") is empty or past the limits", CUDA_ERROR_INVALID_VALUE);
  }
  if (block.count() == 0 || block.count() > 1024 || block.z > 64) {
    return refuse(*f, "a block has 1 to 1024 threads, not " + std::to_string(block.count()), CUDA_ERROR_INVALID_VALUE);
  }
  if (block.count() > f->entry->max_threads) {
    return refuse(*f, "the block has " + std::to_string(block.count()) + " threads, __launch_bounds__ allows " +
                          std::to_string(f->entry->max_threads), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  }
  if (dynamic_bytes > static_cast<unsigned>(f->dynamic_limit)) {
    return refuse(*f, std::to_string(dynamic_bytes) + " bytes of dynamic shared memory are more than the " +
                          std::to_string(f->dynamic_limit) + " that the function may use", CUDA_ERROR_INVALID_VALUE);
  }
  if (cluster.count() > 1) {
    if (driver().major < 9) return refuse(*f, "clusters need sm_90 or newer", CUDA_ERROR_NOT_SUPPORTED);
    bool whole = grid.x % cluster.x == 0 && grid.y % cluster.y == 0 && grid.z % cluster.z == 0;
    if (cluster.count() > 8 || !whole) {
      return refuse(*f, "a cluster has at most 8 blocks and divides the grid, which (" + std::to_string(cluster.x) +
                            ", " + std::to_string(cluster.y) + ", " + std::to_string(cluster.z) + ") does not",
                    CUDA_ERROR_INVALID_CLUSTER_SIZE);
    }
  }
  if (f->entry->parameters > 0 && parameters == nullptr) return CUDA_ERROR_INVALID_VALUE;
  Launch l{&f->module->image, f->entry, grid, block, cluster, dynamic_bytes, context->device,
           driver().major * 10 + driver().minor, context->peers, pack(*f->entry, parameters)};
  return submit(resolve(context, stream), [l] { return execute(l); });
}

Function* function_of(Module* module, const char* name) {
  if (auto known = module->functions.find(name); known != module->functions.end()) return known->second.get();
  for (uint32_t i = 0; i < module->image.count; i++) {
    const Entry& e = module->image.entries[i];
    if (strcmp(e.name, name) != 0) continue;
    auto f = std::make_unique<Function>();
    f->module = module;
    f->entry = &e;
    return (module->functions[name] = std::move(f)).get();
  }
  return nullptr;
}

}  // namespace

}  // namespace standin

using namespace standin;

// CUlaunchAttribute of cuda.h, of 72 bytes.
struct LaunchAttribute {
  int id;
  int padding;
  union {
    unsigned cluster[3];
    char bytes[64];
  } value;
};
static_assert(sizeof(LaunchAttribute) == 72);

// CUlaunchConfig of cuda.h.
struct LaunchConfig {
  unsigned grid[3], block[3], shared_bytes;
  Stream* stream;
  const LaunchAttribute* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(LaunchConfig) == 56);

extern "C" {

CUresult cuModuleLoadData(Module** module, const void* image) {
  STANDIN_ENTER;
  return load(context, module, image);
}
CUresult cuModuleLoadDataEx(Module** module, const void* image, unsigned, int*, void**) {
  return cuModuleLoadData(module, image);
}
CUresult cuModuleLoadFatBinary(Module** module, const void* image) { return cuModuleLoadData(module, image); }

CUresult cuModuleLoad(Module** module, const char* path) {
  STANDIN_ENTER;
  FILE* file = fopen(path, "rb");
  if (file == nullptr) return CUDA_ERROR_FILE_NOT_FOUND;
  fseek(file, 0, SEEK_END);
  std::vector<char> bytes(static_cast<size_t>(ftell(file)) + sizeof(Elf64_Ehdr));
  rewind(file);
  size_t read = fread(bytes.data(), 1, bytes.size(), file);
  fclose(file);
  return read > sizeof(Elf64_Ehdr) ? load(context, module, bytes.data()) : CUDA_ERROR_INVALID_IMAGE;
}

CUresult cuModuleUnload(Module* module) {
  STANDIN_ENTER;
  if (context->modules.count(module) == 0) return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult r = waited([=] { return drain(context); }); r != CUDA_SUCCESS) return r;
  context->modules.erase(module);
  dlclose(module->image.handle);
  close(module->image.file);
  delete module;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(Function** function, Module* module, const char* name) {
  STANDIN_ENTER;
  if (context->modules.count(module) == 0) return CUDA_ERROR_INVALID_HANDLE;
  *function = function_of(module, name);
  return *function == nullptr ? CUDA_ERROR_NOT_FOUND : CUDA_SUCCESS;
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr* p, size_t* bytes, Module* module, const char* name) {
  STANDIN_ENTER;
  void* found = dlsym(module->image.handle, name);
  if (found == nullptr) return CUDA_ERROR_NOT_FOUND;
  Dl_info info;
  ElfW(Sym)* symbol = nullptr;
  dladdr1(found, &info, reinterpret_cast<void**>(&symbol), RTLD_DL_SYMENT);
  if (p != nullptr) *p = reinterpret_cast<CUdeviceptr>(found);
  if (bytes != nullptr) *bytes = symbol == nullptr ? 0 : symbol->st_size;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetLoadingMode(int* mode) {
  *mode = 1;
  return CUDA_SUCCESS;
}

// CU_FUNC_ATTRIBUTE_: most threads 0, static shared 1, registers 4, PTX version 5, binary version 6, most dynamic
// shared memory 8. What only a compiler for the device knows is 0.
CUresult cuFuncGetAttribute(int* value, int attribute, Function* function) {
  STANDIN_ENTER;
  switch (attribute) {
    case 0: *value = static_cast<int>(function->entry->max_threads); break;
    case 5:
    case 6: *value = driver().major * 10 + driver().minor; break;
    case 8: *value = function->dynamic_limit; break;
    default: *value = 0;
  }
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(Function* function, int attribute, int value) {
  STANDIN_ENTER;
  if (attribute != 8) return CUDA_SUCCESS;
  int most = 0;
  cuDeviceGetAttribute(&most, 97, context->device);
  if (value < 0 || value > most) return CUDA_ERROR_INVALID_VALUE;
  function->dynamic_limit = value;
  return CUDA_SUCCESS;
}

CUresult cuFuncSetCacheConfig(Function*, int) { return CUDA_SUCCESS; }
CUresult cuFuncGetModule(Module** module, Function* function) {
  *module = function->module;
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(Function* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned shared_bytes, Stream* stream, void** parameters, void** extra) {
  STANDIN_ENTER;
  return launch(context, f, {gx, gy, gz}, {bx, by, bz}, {}, shared_bytes, stream, parameters, extra);
}

CUresult cuLaunchKernelEx(const LaunchConfig* config, Function* f, void** parameters, void** extra) {
  STANDIN_ENTER;
  const unsigned *g = config->grid, *b = config->block;
  Dim cluster;
  for (unsigned i = 0; i < config->attribute_count; i++) {
    const LaunchAttribute& a = config->attributes[i];
    // CU_LAUNCH_ATTRIBUTE_IGNORE and _CLUSTER_DIMENSION
    if (a.id == 0) continue;
    if (a.id != 4 || a.value.cluster[0] * a.value.cluster[1] * a.value.cluster[2] == 0) {
      return refuse(*f, "launch attribute " + std::to_string(a.id) + " is not known here", CUDA_ERROR_NOT_SUPPORTED);
    }
    cluster = {a.value.cluster[0], a.value.cluster[1], a.value.cluster[2]};
  }
  return launch(context, f, {g[0], g[1], g[2]}, {b[0], b[1], b[2]}, cluster, config->shared_bytes, config->stream,
                parameters, extra);
}

// Threads of a multiprocessor alone bound it: registers are not known here.
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function* f, int threads, size_t shared_bytes) {
  STANDIN_ENTER;
  if (threads <= 0 || threads > static_cast<int>(f->entry->max_threads)) return CUDA_ERROR_INVALID_VALUE;
  int shared = 0;
  cuDeviceGetAttribute(&shared, 81, context->device);
  int by_shared = static_cast<int>(static_cast<size_t>(shared) / (shared_bytes + 1024));
  *blocks = std::min({2048 / ((threads + 31) / 32 * 32), 32, by_shared});
  return CUDA_SUCCESS;
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, Function* f, int threads,
                                                              size_t shared_bytes, unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, f, threads, shared_bytes);
}

CUresult cuOccupancyMaxPotentialBlockSize(int* grid, int* block, Function* f, size_t (*)(int), size_t, int limit) {
  STANDIN_ENTER;
  int most = static_cast<int>(f->entry->max_threads);
  *block = limit > 0 ? std::min(limit, most) : most;
  *grid = 4;
  return CUDA_SUCCESS;
}

}  // extern "C"
