// What the stand-in's tests share: the driver's calls, and a line for each thing that was tried.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using Result = int;
using Pointer = unsigned long long;
extern "C" {
Result cuInit(unsigned);
Result cuCtxCreate_v2(void**, unsigned, int);
Result cuCtxDestroy_v2(void*);
Result cuModuleLoad(void**, const char*);
Result cuModuleGetFunction(void**, void*, const char*);
Result cuMemAlloc_v2(Pointer*, size_t);
Result cuMemFree_v2(Pointer);
Result cuMemcpyHtoD_v2(Pointer, const void*, size_t);
Result cuMemcpyDtoH_v2(void*, Pointer, size_t);
Result cuMemcpyHtoDAsync_v2(Pointer, const void*, size_t, void*);
Result cuMemHostAlloc(void**, size_t, unsigned);
Result cuMemsetD32Async(Pointer, unsigned, size_t, void*);
Result cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
Result cuLaunchKernelEx(const void*, void*, void**, void**);
Result cuFuncSetAttribute(void*, int, int);
Result cuTensorMapEncodeTiled(void*, unsigned, unsigned, void*, const uint64_t*, const uint64_t*, const unsigned*,
                              const unsigned*, unsigned, unsigned, unsigned, unsigned);
Result cuStreamCreate(void**, unsigned);
Result cuStreamSynchronize(void*);
Result cuStreamBeginCapture_v2(void*, int);
Result cuStreamEndCapture(void*, void**);
Result cuGraphInstantiateWithFlags(void**, void*, unsigned long long);
Result cuGraphLaunch(void*, void*);
Result cuCtxSynchronize();
Result cuGetErrorName(Result, const char**);
void standin_fail(const char*);
const char* standin_report();
const char* standin_kernels();
}

namespace {

int passed = 0, failed = 0;

void tell(bool good, const std::string& what, const std::string& detail = "") {
  (good ? passed : failed)++;
  printf("%s %s%s%s\n", good ? "ok  " : "FAIL", what.c_str(), detail.empty() ? "" : ": ", detail.c_str());
}

std::string name_of(Result r) {
  const char* name = nullptr;
  cuGetErrorName(r, &name);
  return name == nullptr ? std::to_string(r) : name;
}

void must(Result r) {
  if (r == 0) return;
  printf("FAIL a driver call of the test itself: %s\n", name_of(r).c_str());
  exit(1);
}

template <class T>
Pointer upload(const std::vector<T>& v) {
  Pointer p;
  must(cuMemAlloc_v2(&p, v.size() * sizeof(T)));
  must(cuMemcpyHtoD_v2(p, v.data(), v.size() * sizeof(T)));
  return p;
}

template <class T>
std::vector<T> download(Pointer p, size_t count) {
  std::vector<T> v(count);
  must(cuMemcpyDtoH_v2(v.data(), p, count * sizeof(T)));
  return v;
}

template <class... A>
Result launch(void* module, const char* name, unsigned blocks, unsigned threads, unsigned shared,
              const A&... arguments) {
  void* f;
  must(cuModuleGetFunction(&f, module, name));
  void* pointers[] = {const_cast<A*>(&arguments)...};
  return cuLaunchKernel(f, blocks, 1, 1, threads, 1, 1, shared, nullptr, pointers, nullptr);
}

int summary() {
  printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
