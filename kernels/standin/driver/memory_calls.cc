#include <cstring>

#include "driver.h"

using namespace standin;

namespace {

void* pointer(CUdeviceptr p) { return reinterpret_cast<void*>(p); }
CUdeviceptr address(const void* p) { return reinterpret_cast<CUdeviceptr>(p); }

CUresult allocate(int device, CUdeviceptr* p, size_t bytes) {
  Driver& d = driver();
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (injected("alloc", ++d.allocations)) return report(CUDA_ERROR_OUT_OF_MEMORY, "out of memory, as STANDIN_FAIL asked.");
  if (memory::used(device) + bytes > d.devices[device].bytes) return CUDA_ERROR_OUT_OF_MEMORY;
  void* fresh = memory::allocate(device, bytes, true);
  if (fresh == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
  *p = address(fresh);
  return CUDA_SUCCESS;
}

using memory::known;

bool device_range(CUdeviceptr p, size_t bytes) { return memory::find(pointer(p)) != nullptr && known(pointer(p), bytes); }

CUresult bad_range(const char* call, CUdeviceptr p, size_t bytes) {
  char text[160];
  snprintf(text, sizeof text, "%s of %zu bytes at 0x%llx: %s.", call, bytes, p, memory::describe(p).c_str());
  return report(CUDA_ERROR_INVALID_VALUE, text);
}

// What the host may not see before it has waited is done when the stream gets there; pageable memory is read at once
// and written before the call ends, as the driver does.
CUresult copy(Context* context, Stream* stream, void* to, const void* from, size_t bytes, bool wait) {
  if (bytes == 0) return CUDA_SUCCESS;
  Stream* s = resolve(context, stream);
  if (!wait && !known(from, bytes)) {
    auto staged = std::make_shared<std::vector<char>>(static_cast<const char*>(from),
                                                      static_cast<const char*>(from) + bytes);
    return submit(s, [to, staged] { return memcpy(to, staged->data(), staged->size()), CUDA_SUCCESS; });
  }
  bool pageable = !known(to, bytes);
  if ((wait || pageable) && s->capture != nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  CUresult r = submit(s, [to, from, bytes] { return memmove(to, from, bytes), CUDA_SUCCESS; });
  return r == CUDA_SUCCESS && (wait || pageable) ? waited([s] { return run_until(s, s->queued); }) : r;
}

template <class T>
CUresult fill(Context* context, Stream* stream, CUdeviceptr p, T value, size_t count, bool wait) {
  if (!device_range(p, count * sizeof(T))) return bad_range("cuMemset", p, count * sizeof(T));
  if (p % sizeof(T) != 0) return CUDA_ERROR_INVALID_VALUE;
  Stream* s = resolve(context, stream);
  CUresult r = submit(s, [p, value, count] {
    std::fill_n(static_cast<T*>(pointer(p)), count, value);
    return CUDA_SUCCESS;
  });
  return r == CUDA_SUCCESS && wait ? waited([s] { return run_until(s, s->queued); }) : r;
}

}  // namespace

extern "C" {

CUresult cuMemAlloc_v2(CUdeviceptr* p, size_t bytes) {
  STANDIN_ENTER;
  STANDIN_NOT_IN_CAPTURE;
  return allocate(context->device, p, bytes);
}

CUresult cuMemFree_v2(CUdeviceptr p) {
  STANDIN_ENTER;
  STANDIN_NOT_IN_CAPTURE;
  if (p == 0) return CUDA_SUCCESS;
  if (CUresult r = waited([=] { return drain(context); }); r != CUDA_SUCCESS) return r;
  const auto* a = memory::find(pointer(p));
  return a != nullptr && memory::release(a->owner, pointer(p)) ? CUDA_SUCCESS : bad_range("cuMemFree", p, 0);
}

CUresult cuMemAllocManaged(CUdeviceptr* p, size_t bytes, unsigned) {
  STANDIN_ENTER;
  if (injected("alloc", ++driver().allocations)) return CUDA_ERROR_OUT_OF_MEMORY;
  void* fresh = memory::allocate(memory::host, bytes, true);
  if (fresh == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
  *p = address(fresh);
  return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void** p, size_t bytes, unsigned) {
  STANDIN_ENTER;
  *p = memory::allocate(memory::host, bytes, true);
  return *p == nullptr ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}
CUresult cuMemAllocHost_v2(void** p, size_t bytes) { return cuMemHostAlloc(p, bytes, 0); }

CUresult cuMemFreeHost(void* p) {
  STANDIN_ENTER;
  if (CUresult r = waited([=] { return drain(context); }); r != CUDA_SUCCESS) return r;
  return memory::release(memory::host, p) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* device, void* p, unsigned) {
  STANDIN_ENTER;
  if (!known(p, 1)) return CUDA_ERROR_INVALID_VALUE;
  *device = address(p);
  return CUDA_SUCCESS;
}

CUresult cuMemHostGetFlags(unsigned* flags, void* p) {
  STANDIN_ENTER;
  if (!known(p, 1)) return CUDA_ERROR_INVALID_VALUE;
  *flags = 0;
  return CUDA_SUCCESS;
}

CUresult cuMemHostRegister_v2(void* p, size_t bytes, unsigned) {
  STANDIN_ENTER;
  if (known(p, 1)) return static_cast<CUresult>(712);  // CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED
  memory::add_host_range(reinterpret_cast<uintptr_t>(p), bytes);
  return CUDA_SUCCESS;
}

CUresult cuMemHostUnregister(void* p) {
  STANDIN_ENTER;
  if (CUresult r = waited([=] { return drain(context); }); r != CUDA_SUCCESS) return r;
  bool was = memory::remove_host_range(reinterpret_cast<uintptr_t>(p));
  return was ? CUDA_SUCCESS : static_cast<CUresult>(713);  // CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED
}

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  STANDIN_ENTER;
  *total = driver().devices[context->device].bytes;
  *free = *total - memory::used(context->device);
  return CUDA_SUCCESS;
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr* base, size_t* bytes, CUdeviceptr p) {
  STANDIN_ENTER;
  const auto* a = memory::find(pointer(p));
  if (a == nullptr) return CUDA_ERROR_NOT_FOUND;
  if (base != nullptr) *base = a->base;
  if (bytes != nullptr) *bytes = a->bytes;
  return CUDA_SUCCESS;
}

// CU_POINTER_ATTRIBUTE_: memory type 2, device pointer 3, host pointer 4, ordinal 9.
CUresult cuPointerGetAttribute(void* data, int attribute, CUdeviceptr p) {
  STANDIN_ENTER;
  const auto* a = memory::find(pointer(p));
  if (a == nullptr && !known(pointer(p), 1)) return CUDA_ERROR_INVALID_VALUE;
  bool host = a == nullptr || a->owner == memory::host;
  switch (attribute) {
    case 2: *static_cast<unsigned*>(data) = host ? 1 : 2; return CUDA_SUCCESS;
    case 3: *static_cast<CUdeviceptr*>(data) = p; return CUDA_SUCCESS;
    case 4:
      if (!host) return CUDA_ERROR_INVALID_VALUE;
      *static_cast<void**>(data) = pointer(p);
      return CUDA_SUCCESS;
    case 9: *static_cast<int*>(data) = host ? context->device : a->owner; return CUDA_SUCCESS;
    default: return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuMemAllocAsync(CUdeviceptr* p, size_t bytes, Stream* stream) {
  STANDIN_ENTER;
  if (resolve(context, stream)->capture != nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  return allocate(context->device, p, bytes);
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr* p, size_t bytes, Pool* pool, Stream*) {
  STANDIN_ENTER;
  return allocate(pool->device, p, bytes);
}

CUresult cuMemFreeAsync(CUdeviceptr p, Stream* stream) {
  STANDIN_ENTER;
  const auto* a = memory::find(pointer(p));
  if (a == nullptr || a->base != p) return bad_range("cuMemFreeAsync", p, 0);
  return submit(resolve(context, stream), [p] {
    const auto* a = memory::find(pointer(p));
    return a != nullptr && memory::release(a->owner, pointer(p)) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

// Of CUmemPoolProps the location's id, an int after handle type, allocation type and location type.
CUresult cuMemPoolCreate(Pool** pool, const int* properties) {
  STANDIN_ENTER;
  *pool = new Pool{properties[3]};
  context->pools.insert(*pool);
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetDefaultMemPool(Pool** pool, CUdevice device) {
  STANDIN_LOCK;
  static Pool pools[16];
  if (device < 0 || device >= static_cast<int>(driver().devices.size())) return CUDA_ERROR_INVALID_DEVICE;
  pools[device].device = device;
  *pool = &pools[device];
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetMemPool(Pool** pool, CUdevice device) { return cuDeviceGetDefaultMemPool(pool, device); }
CUresult cuDeviceSetMemPool(CUdevice, Pool*) { return CUDA_SUCCESS; }
CUresult cuMemPoolDestroy(Pool* pool) {
  STANDIN_ENTER;
  return context->pools.erase(pool) > 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult cuMemPoolTrimTo(Pool*, size_t) { return CUDA_SUCCESS; }
CUresult cuMemPoolSetAttribute(Pool*, int, void*) { return CUDA_SUCCESS; }

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  STANDIN_ENTER;
  STANDIN_NOT_IN_CAPTURE;
  if (!device_range(to, bytes)) return bad_range("cuMemcpyHtoD", to, bytes);
  return copy(context, nullptr, pointer(to), from, bytes, true);
}
CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  STANDIN_ENTER;
  STANDIN_NOT_IN_CAPTURE;
  if (!device_range(from, bytes)) return bad_range("cuMemcpyDtoH", from, bytes);
  return copy(context, nullptr, to, pointer(from), bytes, true);
}
CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  STANDIN_ENTER;
  STANDIN_NOT_IN_CAPTURE;
  if (!device_range(to, bytes)) return bad_range("cuMemcpyDtoD to", to, bytes);
  if (!device_range(from, bytes)) return bad_range("cuMemcpyDtoD from", from, bytes);
  return copy(context, nullptr, pointer(to), pointer(from), bytes, false);
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, Stream* stream) {
  STANDIN_ENTER;
  if (!device_range(to, bytes)) return bad_range("cuMemcpyHtoDAsync", to, bytes);
  return copy(context, stream, pointer(to), from, bytes, false);
}
CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, Stream* stream) {
  STANDIN_ENTER;
  if (!device_range(from, bytes)) return bad_range("cuMemcpyDtoHAsync", from, bytes);
  return copy(context, stream, to, pointer(from), bytes, false);
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, Stream* stream) {
  STANDIN_ENTER;
  if (!device_range(to, bytes)) return bad_range("cuMemcpyDtoDAsync to", to, bytes);
  if (!device_range(from, bytes)) return bad_range("cuMemcpyDtoDAsync from", from, bytes);
  return copy(context, stream, pointer(to), pointer(from), bytes, false);
}
CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  STANDIN_ENTER;
  return copy(context, nullptr, pointer(to), pointer(from), bytes, true);
}
CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, Stream* stream) {
  STANDIN_ENTER;
  return copy(context, stream, pointer(to), pointer(from), bytes, false);
}
CUresult cuMemcpyPeer(CUdeviceptr to, Context*, CUdeviceptr from, Context*, size_t bytes) {
  STANDIN_ENTER;
  if (!device_range(to, bytes) || !device_range(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return copy(context, nullptr, pointer(to), pointer(from), bytes, true);
}
CUresult cuMemcpyPeerAsync(CUdeviceptr to, Context*, CUdeviceptr from, Context*, size_t bytes, Stream* stream) {
  STANDIN_ENTER;
  if (!device_range(to, bytes) || !device_range(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return copy(context, stream, pointer(to), pointer(from), bytes, false);
}

CUresult cuMemsetD8_v2(CUdeviceptr p, unsigned char value, size_t count) {
  STANDIN_ENTER;
  return fill(context, nullptr, p, value, count, true);
}
CUresult cuMemsetD16_v2(CUdeviceptr p, unsigned short value, size_t count) {
  STANDIN_ENTER;
  return fill(context, nullptr, p, value, count, true);
}
CUresult cuMemsetD32_v2(CUdeviceptr p, unsigned value, size_t count) {
  STANDIN_ENTER;
  return fill(context, nullptr, p, value, count, true);
}
CUresult cuMemsetD8Async(CUdeviceptr p, unsigned char value, size_t count, Stream* stream) {
  STANDIN_ENTER;
  return fill(context, stream, p, value, count, false);
}
CUresult cuMemsetD16Async(CUdeviceptr p, unsigned short value, size_t count, Stream* stream) {
  STANDIN_ENTER;
  return fill(context, stream, p, value, count, false);
}
CUresult cuMemsetD32Async(CUdeviceptr p, unsigned value, size_t count, Stream* stream) {
  STANDIN_ENTER;
  return fill(context, stream, p, value, count, false);
}

}  // extern "C"
