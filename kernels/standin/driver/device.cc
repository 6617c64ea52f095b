#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "driver.h"

namespace standin {

thread_local std::vector<Context*> current;

Driver& driver() {
  static Driver* d = new Driver();
  return *d;
}

CUresult report(CUresult code, const std::string& sentence) {
  driver().report = sentence;
  fprintf(stderr, "stand-in driver: %s\n", sentence.c_str());
  return code;
}

CUresult enter(Context*& context) {
  if (!driver().ready) return CUDA_ERROR_NOT_INITIALIZED;
  if (current.empty() || current.back() == nullptr) return CUDA_ERROR_INVALID_CONTEXT;
  context = current.back();
  if (driver().contexts.count(context) == 0) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  driver().report = context->report;
  return context->lost;
}

// "alloc:3,illegal_address:gemm_portable_tiled_f32,device_lost:5": kind and, after the colon, which allocation or launch
// from now on, or the kernel.
void inject(const char* specification) {
  Driver& d = driver();
  d.injections.clear();
  d.allocations = d.launches = 0;
  std::string all = specification == nullptr ? "" : specification;
  for (size_t from = 0; from < all.size();) {
    size_t to = std::min(all.find(',', from), all.size());
    std::string one = all.substr(from, to - from);
    size_t colon = one.find(':');
    std::string value = colon == std::string::npos ? "1" : one.substr(colon + 1);
    bool number = value.find_first_not_of("0123456789") == std::string::npos && !value.empty();
    d.injections.push_back({one.substr(0, colon), number ? "" : value, number ? strtoull(value.c_str(), nullptr, 10) : 0});
    from = to + 1;
  }
}

bool injected(const char* kind, uint64_t count, const std::string& kernel) {
  for (const Injection& i : driver().injections) {
    if (i.kind == kind && (i.kernel.empty() ? i.after == count : i.kernel == kernel)) return true;
  }
  return false;
}

namespace {

size_t number_from(const char* name, size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == 0 ? otherwise : strtoull(text, nullptr, 10);
}

struct Named {
  CUresult code;
  const char *name, *text;
};
constexpr Named names[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_ECC_UNCORRECTABLE, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED",
     "peer access is not supported between these two devices"},
    {CUDA_ERROR_FILE_NOT_FOUND, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED",
     "peer access is already enabled"},
    {CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {CUDA_ERROR_MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "attempt to terminate a thread-local capture sequence from another stream"},
    {CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {CUDA_ERROR_INVALID_CLUSTER_SIZE, "CUDA_ERROR_INVALID_CLUSTER_SIZE", "invalid cluster size"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

// The numbers of CUdevice_attribute. The part is made up, in the likeness of an sm_80.
int attribute_of(int attribute, int device) {
  int capability = driver().major * 10 + driver().minor;
  int shared = capability >= 90 && capability < 120 ? 232448 : capability >= 86 ? 101376 : 166912;
  switch (attribute) {
    case 1: return 1024;                                // threads of a block
    case 2: case 3: return 1024;                        // block x, y
    case 4: return 64;                                  // block z
    case 5: return 0x7fffffff;                          // grid x
    case 6: case 7: return 65535;                       // grid y, z
    case 8: return 48 << 10;                            // shared memory of a block
    case 9: return 64 << 10;                            // constant memory
    case 10: return 32;                                 // warp
    case 11: return 0x7fffffff;                         // pitch
    case 12: return 65536;                              // registers of a block
    case 13: return 1000000;                            // clock, kHz
    case 14: return 512;                                // texture alignment
    case 16: return 4;                                  // multiprocessors
    case 17: return 0;                                  // kernel time-out
    case 18: return 0;                                  // integrated
    case 19: return 1;                                  // maps host memory
    case 20: return 0;                                  // compute mode
    case 31: return 1;                                  // concurrent kernels
    case 32: return 0;                                  // ECC
    case 33: return device + 1;                         // PCI bus
    case 34: case 50: case 35: return 0;                // PCI device, domain; TCC
    case 36: return 1000000;                            // memory clock, kHz
    case 37: return 64;                                 // memory bus, bits
    case 38: return 4 << 20;                            // L2
    case 39: return 2048;                               // threads of a multiprocessor
    case 40: return 2;                                  // copy engines
    case 41: return 1;                                  // unified addresses
    case 75: return driver().major;
    case 76: return driver().minor;
    case 78: return 1;                                  // stream priorities
    case 79: case 80: return 1;                         // L1 caches
    case 81: return shared + 1024;                      // shared memory of a multiprocessor
    case 82: return 65536;                              // registers of a multiprocessor
    case 83: return 1;                                  // managed memory
    case 84: return 0;                                  // multi-GPU board
    case 86: return 0;                                  // native host atomics
    case 87: return 64;                                 // f32 to f64 rate
    case 88: case 89: return 0;                         // pageable and concurrent managed access
    case 95: return 0;                                  // cooperative launch
    case 97: return shared;                             // shared memory of a block on request
    case 106: return 32;                                // blocks of a multiprocessor
    case 111: return 1024;                              // shared memory kept by the driver
    case 115: return 1;                                 // memory pools
    case 120: return capability >= 90;                  // cluster launch
    default: return 0;
  }
}

Device* device_of(CUdevice device) {
  Driver& d = driver();
  return device >= 0 && device < static_cast<int>(d.devices.size()) ? &d.devices[device] : nullptr;
}

Context* make_context(int device, bool primary) {
  auto* c = new Context();
  c->device = device;
  c->primary = primary;
  c->legacy.context = c;
  driver().contexts.insert(c);
  return c;
}

void destroy(Context* c) {
  Driver& d = driver();
  if (c->lost == CUDA_SUCCESS) drain(c);
  d.contexts.erase(c);
  bool others = false;
  for (Context* o : d.contexts) others |= o->device == c->device;
  if (!others) memory::release_all(c->device);
  // The objects of the context are left behind: handles to them may still be in use, and then are answered as such.
}

}  // namespace

}  // namespace standin

using namespace standin;

extern "C" {

CUresult cuInit(unsigned flags) {
  STANDIN_LOCK;
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  Driver& d = driver();
  if (d.ready) return CUDA_SUCCESS;
  size_t count = number_from("STANDIN_DEVICES", 1);
  if (count > 16) count = 16;
  for (size_t i = 0; i < count; i++) {
    Device device{};
    device.number = static_cast<int>(i);
    device.bytes = number_from("STANDIN_MEMORY", size_t{2} << 30);
    d.devices.push_back(std::move(device));
  }
  if (const char* capability = std::getenv("STANDIN_CAPABILITY")) sscanf(capability, "%d.%d", &d.major, &d.minor);
  inject(std::getenv("STANDIN_FAIL"));
  d.ready = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int* version) {
  *version = 12060;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult code, const char** name) {
  for (const Named& n : names) {
    if (n.code == code) return *name = n.name, CUDA_SUCCESS;
  }
  *name = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult code, const char** text) {
  for (const Named& n : names) {
    if (n.code == code) return *text = n.text, CUDA_SUCCESS;
  }
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

// The stand-in's own calls: the folder of the kernels built for it, another folder to take its place, new failures to
// inject, counted from now, and why the last call failed.
const char* standin_kernels() {
  STANDIN_LOCK;
  std::string& folder = driver().kernels;
  if (folder.empty()) {
    Dl_info info;
    dladdr(reinterpret_cast<void*>(&standin_kernels), &info);
    std::string library = info.dli_fname;
    folder = library.substr(0, library.rfind('/') + 1) + "kernels";
  }
  return folder.c_str();
}

void standin_use_kernels(const char* folder) {
  STANDIN_LOCK;
  driver().kernels = folder;
}

void standin_fail(const char* specification) {
  STANDIN_LOCK;
  inject(specification);
}

const char* standin_report() {
  STANDIN_LOCK;
  return driver().report.c_str();
}

CUresult cuDeviceGetCount(int* count) {
  STANDIN_LOCK;
  if (!driver().ready) return CUDA_ERROR_NOT_INITIALIZED;
  *count = static_cast<int>(driver().devices.size());
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  STANDIN_LOCK;
  if (!driver().ready) return CUDA_ERROR_NOT_INITIALIZED;
  if (device_of(ordinal) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char* name, int bytes, CUdevice device) {
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  snprintf(name, static_cast<size_t>(bytes), "Ridgeline stand-in, no GPU");
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid(unsigned char* uuid, CUdevice device) {
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  memcpy(uuid, "ridgeline-stand", 15);
  uuid[15] = static_cast<unsigned char>(device);
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetUuid_v2(unsigned char* uuid, CUdevice device) { return cuDeviceGetUuid(uuid, device); }

CUresult cuDeviceGetPCIBusId(char* text, int bytes, CUdevice device) {
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  snprintf(text, static_cast<size_t>(bytes), "0000:%02x:00.0", device + 1);
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  const Device* d = device_of(device);
  if (d == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *bytes = d->bytes;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *value = attribute_of(attribute, device);
  return CUDA_SUCCESS;
}

CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *major = driver().major;
  *minor = driver().minor;
  return CUDA_SUCCESS;
}

CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
  if (device_of(device) == nullptr || device_of(peer) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *can = device != peer;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetP2PAttribute(int* value, int attribute, CUdevice device, CUdevice peer) {
  if (device_of(device) == nullptr || device_of(peer) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *value = attribute == 1 ? 0 : device != peer;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(Context** context, CUdevice device) {
  STANDIN_LOCK;
  Device* d = device_of(device);
  if (d == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  if (!d->primary) d->primary.reset(make_context(device, true));
  d->primary_users++;
  *context = d->primary.get();
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  STANDIN_LOCK;
  Device* d = device_of(device);
  if (d == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  if (d->primary) destroy(d->primary.release());
  d->primary_users = 0;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  STANDIN_LOCK;
  Device* d = device_of(device);
  if (d == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  if (d->primary_users == 0) return CUDA_ERROR_INVALID_CONTEXT;
  if (--d->primary_users == 0) destroy(d->primary.release());
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned) {
  return device_of(device) == nullptr ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
  STANDIN_LOCK;
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *flags = 0;
  *active = device_of(device)->primary != nullptr;
  return CUDA_SUCCESS;
}

CUresult cuCtxCreate_v2(Context** context, unsigned, CUdevice device) {
  STANDIN_LOCK;
  if (!driver().ready) return CUDA_ERROR_NOT_INITIALIZED;
  if (device_of(device) == nullptr) return CUDA_ERROR_INVALID_DEVICE;
  *context = make_context(device, false);
  current.push_back(*context);
  return CUDA_SUCCESS;
}

CUresult cuCtxDestroy_v2(Context* context) {
  STANDIN_LOCK;
  if (driver().contexts.count(context) == 0 || context->primary) return CUDA_ERROR_INVALID_CONTEXT;
  destroy(context);
  if (!current.empty() && current.back() == context) current.pop_back();
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(Context** context) {
  *context = current.empty() ? nullptr : current.back();
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(Context* context) {
  STANDIN_LOCK;
  if (!driver().ready) return CUDA_ERROR_NOT_INITIALIZED;
  if (context != nullptr && driver().contexts.count(context) == 0) return CUDA_ERROR_INVALID_CONTEXT;
  if (current.empty()) current.push_back(context);
  current.back() = context;
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(Context* context) {
  STANDIN_LOCK;
  if (driver().contexts.count(context) == 0) return CUDA_ERROR_INVALID_CONTEXT;
  current.push_back(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(Context** context) {
  if (current.empty()) return CUDA_ERROR_INVALID_CONTEXT;
  if (context != nullptr) *context = current.back();
  current.pop_back();
  return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice* device) {
  STANDIN_ENTER;
  *device = context->device;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetFlags(unsigned* flags) {
  STANDIN_ENTER;
  *flags = 0;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetApiVersion(Context*, unsigned* version) {
  *version = 3020;
  return CUDA_SUCCESS;
}

CUresult cuCtxSetLimit(int, size_t) {
  STANDIN_ENTER;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  STANDIN_ENTER;
  *least = 0;
  *greatest = -5;
  return CUDA_SUCCESS;
}

CUresult cuCtxEnablePeerAccess(Context* peer, unsigned flags) {
  STANDIN_ENTER;
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (driver().contexts.count(peer) == 0 || peer->device == context->device) return CUDA_ERROR_INVALID_CONTEXT;
  uint64_t bit = uint64_t{1} << peer->device;
  if (context->peers & bit) return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
  context->peers |= bit;
  return CUDA_SUCCESS;
}

CUresult cuCtxDisablePeerAccess(Context* peer) {
  STANDIN_ENTER;
  if (driver().contexts.count(peer) == 0) return CUDA_ERROR_INVALID_CONTEXT;
  uint64_t bit = uint64_t{1} << peer->device;
  if (!(context->peers & bit)) return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
  context->peers &= ~bit;
  return CUDA_SUCCESS;
}

CUresult cuProfilerStart() { return CUDA_SUCCESS; }
CUresult cuProfilerStop() { return CUDA_SUCCESS; }

}  // extern "C"
