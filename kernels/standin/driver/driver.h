// The driver's objects. Work on a stream is queued and runs when something waits for it, never earlier: a program that
// forgets to wait sees what was there before. One lock covers the driver; each call holds it once.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "../engine/engine.h"
#include "../engine/memory.h"

// The codes of cuda.h that the stand-in gives.
enum CUresult {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_DEVICE_UNAVAILABLE = 46,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_ECC_UNCORRECTABLE = 214,
  CUDA_ERROR_PEER_ACCESS_UNSUPPORTED = 217,
  CUDA_ERROR_FILE_NOT_FOUND = 301,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
  CUDA_ERROR_LAUNCH_TIMEOUT = 702,
  CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED = 704,
  CUDA_ERROR_PEER_ACCESS_NOT_ENABLED = 705,
  CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
  CUDA_ERROR_MISALIGNED_ADDRESS = 716,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_SUPPORTED = 801,
  CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
  CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
  CUDA_ERROR_STREAM_CAPTURE_UNMATCHED = 903,
  CUDA_ERROR_STREAM_CAPTURE_ISOLATION = 905,
  CUDA_ERROR_INVALID_CLUSTER_SIZE = 912,
  CUDA_ERROR_UNKNOWN = 999,
};

using CUdevice = int;
using CUdeviceptr = unsigned long long;

namespace standin {

struct Context;
struct Graph;

// What is left undone on a stream: its code ends the context, but NOT_READY leaves it at the front, to be tried again.
using Task = std::function<CUresult()>;

struct Stream {
  Context* context;
  bool blocking = true;  // waits for the legacy stream and makes it wait
  int priority = 0;
  std::deque<Task> queue;
  uint64_t queued = 0, done = 0;
  Graph* capture = nullptr;
  bool capture_origin = false;
};

struct Event {
  Context* context;
  Stream* stream = nullptr;
  uint64_t position = 0;  // of its record in the stream
  Graph* capture = nullptr;
  std::shared_ptr<double> time;  // seconds, once it happened; negative before
  bool timed = true;
};

struct Graph {
  std::vector<Task> tasks;  // in the order of the capture, which respects every dependency
  int mode = 0;
  bool invalid = false;
};

struct Module {
  Context* context;
  Image image;
  std::map<std::string, std::unique_ptr<struct Function>> functions;
};

struct Function {
  Module* module;
  const Entry* entry;
  int dynamic_limit = 48 << 10;
};

struct Pool {
  int device;
};

struct Context {
  int device;
  bool primary = false;
  CUresult lost = CUDA_SUCCESS;  // the error that ended it; every later call answers with it
  std::string report;            // and why
  uint64_t peers = 0;
  Stream legacy;
  std::set<Stream*> streams;
  std::set<Event*> events;
  std::set<Module*> modules;
  std::set<Graph*> graphs;
  std::set<Pool*> pools;
};

struct Device {
  int number;
  size_t bytes;
  std::unique_ptr<Context> primary;
  int primary_users = 0;
};

// Failures asked for by STANDIN_FAIL or standin_fail.
struct Injection {
  std::string kind, kernel;
  uint64_t after;
};

struct Driver {
  std::recursive_mutex mutex;
  bool ready = false;
  std::vector<Device> devices;
  std::set<Context*> contexts;
  int major = 8, minor = 0;
  std::vector<Injection> injections;
  uint64_t allocations = 0, launches = 0;
  std::string kernels;  // folder of the images; empty until it is asked for
  std::string report;   // the sentence of the last call, if it failed
};

extern "C" CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device);

Driver& driver();
extern thread_local std::vector<Context*> current;

// device.cc
void inject(const char* specification);
bool injected(const char* kind, uint64_t count, const std::string& kernel = "");
CUresult report(CUresult code, const std::string& sentence);
// The current context where the driver is ready and the context is not lost; otherwise why not.
CUresult enter(Context*& context);

// stream.cc
Stream* resolve(Context* c, Stream* s);
CUresult submit(Stream* s, Task task);
// NOT_READY where the stream waits for the host.
CUresult run_until(Stream* s, uint64_t position);
// Tries until it is no longer NOT_READY, and lets other threads call the driver meanwhile.
CUresult waited(const std::function<CUresult()>& call);
CUresult drain(Context* c);
CUresult drain_blocking(Context* c);
bool capturing(Context* c);
double seconds();

}  // namespace standin

#define STANDIN_LOCK std::lock_guard standin_lock(::standin::driver().mutex)
#define STANDIN_ENTER                                                     \
  STANDIN_LOCK;                                                           \
  ::standin::Context* context = nullptr;                                  \
  if (CUresult bad = ::standin::enter(context); bad != CUDA_SUCCESS) return bad
// Calls that would end a capture in progress, as the driver's global mode has it.
#define STANDIN_NOT_IN_CAPTURE \
  if (::standin::capturing(context)) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
