#include <chrono>
#include <thread>

#include "driver.h"

namespace standin {

namespace {
// A GPU takes in about as many before a launch waits for room.
constexpr size_t longest_queue = 1024;
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// 0 and CU_STREAM_LEGACY (1) are the stream that waits for all blocking ones; so here is CU_STREAM_PER_THREAD (2).
Stream* resolve(Context* c, Stream* s) { return reinterpret_cast<uintptr_t>(s) <= 2 ? &c->legacy : s; }

CUresult run_until(Stream* s, uint64_t position) {
  Context* c = s->context;
  while (s->done < position && !s->queue.empty()) {
    if (c->lost != CUDA_SUCCESS) return c->lost;
    CUresult r = s->queue.front()();
    if (r == CUDA_ERROR_NOT_READY) return r;
    s->queue.pop_front();
    s->done++;
    if (r != CUDA_SUCCESS) {
      c->lost = r;
      c->report = driver().report;
      return r;
    }
  }
  return c->lost;
}

CUresult waited(const std::function<CUresult()>& call) {
  for (;;) {
    CUresult r = call();
    if (r != CUDA_ERROR_NOT_READY) return r;
    driver().mutex.unlock();
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    driver().mutex.lock();
  }
}

CUresult drain_blocking(Context* c) {
  for (Stream* s : c->streams) {
    if (!s->blocking) continue;
    if (CUresult r = run_until(s, s->queued); r != CUDA_SUCCESS) return r;
  }
  return run_until(&c->legacy, c->legacy.queued);
}

CUresult drain(Context* c) {
  for (Stream* s : c->streams) {
    if (CUresult r = run_until(s, s->queued); r != CUDA_SUCCESS) return r;
  }
  return run_until(&c->legacy, c->legacy.queued);
}

bool capturing(Context* c) {
  for (Stream* s : c->streams) {
    if (s->capture != nullptr && s->capture->mode != 2) return true;
  }
  return false;
}

CUresult submit(Stream* s, Task task) {
  Context* c = s->context;
  if (s->capture != nullptr) {
    s->capture->tasks.push_back(std::move(task));
    return CUDA_SUCCESS;
  }
  CUresult r = CUDA_SUCCESS;
  if (s == &c->legacy) {
    for (Stream* other : c->streams) {
      if (other->blocking && other->capture == nullptr && r == CUDA_SUCCESS) {
        r = waited([other] { return run_until(other, other->queued); });
      }
    }
  } else if (s->blocking) {
    r = waited([c] { return run_until(&c->legacy, c->legacy.queued); });
  }
  if (r != CUDA_SUCCESS) return r;
  s->queue.push_back(std::move(task));
  s->queued++;
  if (s->queue.size() <= longest_queue) return CUDA_SUCCESS;
  return waited([s, next = s->done + 1] { return run_until(s, next); });
}

namespace {

bool alive(Context* c, Stream* s) { return s == &c->legacy || c->streams.count(s) > 0; }

}  // namespace

}  // namespace standin

using namespace standin;

extern "C" {

CUresult cuStreamCreateWithPriority(Stream** stream, unsigned flags, int priority) {
  STANDIN_ENTER;
  *stream = new Stream{};
  (*stream)->context = context;
  (*stream)->blocking = (flags & 1) == 0;
  (*stream)->priority = priority;
  context->streams.insert(*stream);
  return CUDA_SUCCESS;
}
CUresult cuStreamCreate(Stream** stream, unsigned flags) { return cuStreamCreateWithPriority(stream, flags, 0); }

CUresult cuStreamDestroy_v2(Stream* stream) {
  STANDIN_ENTER;
  if (context->streams.count(stream) == 0) return CUDA_ERROR_INVALID_HANDLE;
  CUresult r = waited([=] { return run_until(stream, stream->queued); });
  context->streams.erase(stream);
  for (Event* e : context->events) {
    if (e->stream == stream) e->stream = nullptr;
  }
  delete stream;
  return r;
}

CUresult cuStreamQuery(Stream* stream) {
  STANDIN_ENTER;
  Stream* s = resolve(context, stream);
  if (!alive(context, s)) return CUDA_ERROR_INVALID_HANDLE;
  if (s->capture != nullptr) {
    s->capture->invalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return s == &context->legacy ? drain_blocking(context) : run_until(s, s->queued);
}

CUresult cuStreamSynchronize(Stream* stream) {
  STANDIN_LOCK;
  return waited([=] { return cuStreamQuery(stream); });
}

CUresult cuStreamGetPriority(Stream* stream, int* priority) {
  STANDIN_ENTER;
  *priority = resolve(context, stream)->priority;
  return CUDA_SUCCESS;
}
CUresult cuStreamGetFlags(Stream* stream, unsigned* flags) {
  STANDIN_ENTER;
  *flags = resolve(context, stream)->blocking ? 0 : 1;
  return CUDA_SUCCESS;
}
CUresult cuStreamGetCtx(Stream* stream, Context** of) {
  STANDIN_ENTER;
  *of = resolve(context, stream)->context;
  return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize() {
  STANDIN_ENTER;
  STANDIN_NOT_IN_CAPTURE;
  return waited([=] { return drain(context); });
}

// The word is read when the stream gets there: memory of the device, or of the host where the driver knows it. The
// condition is at least (0, as a signed distance), equal (1), and (2) or nor (3).
CUresult cuStreamWaitValue32_v2(Stream* stream, CUdeviceptr address, uint32_t value, unsigned flags) {
  STANDIN_ENTER;
  Stream* s = resolve(context, stream);
  if (s->capture != nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (flags > 3 || address % 4 != 0 || !memory::known(reinterpret_cast<void*>(address), 4)) {
    return report(CUDA_ERROR_INVALID_VALUE, "a stream waits for an aligned word that the driver knows.");
  }
  return submit(s, [=] {
    uint32_t word = *reinterpret_cast<volatile uint32_t*>(address);
    bool met = flags == 0   ? static_cast<int32_t>(word - value) >= 0
               : flags == 1 ? word == value
               : flags == 2 ? (word & value) != 0
                            : ~(word | value) != 0;
    return met ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
  });
}

CUresult cuLaunchHostFunc(Stream* stream, void (*function)(void*), void* data) {
  STANDIN_ENTER;
  return submit(resolve(context, stream), [=] { return function(data), CUDA_SUCCESS; });
}

CUresult cuEventCreate(Event** event, unsigned flags) {
  STANDIN_ENTER;
  *event = new Event{};
  (*event)->context = context;
  (*event)->timed = (flags & 2) == 0;
  context->events.insert(*event);
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(Event* event) {
  STANDIN_ENTER;
  if (context->events.erase(event) == 0) return CUDA_ERROR_INVALID_HANDLE;
  delete event;
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(Event* event, Stream* stream) {
  STANDIN_ENTER;
  if (context->events.count(event) == 0) return CUDA_ERROR_INVALID_HANDLE;
  Stream* s = resolve(context, stream);
  event->capture = s->capture;
  if (s->capture != nullptr) return CUDA_SUCCESS;
  auto time = std::make_shared<double>(-1);
  CUresult r = submit(s, [time] { return *time = seconds(), CUDA_SUCCESS; });
  event->time = time;
  event->stream = s;
  event->position = s->queued;
  return r;
}
CUresult cuEventRecordWithFlags(Event* event, Stream* stream, unsigned) { return cuEventRecord(event, stream); }

CUresult cuEventQuery(Event* event) {
  STANDIN_ENTER;
  if (context->events.count(event) == 0) return CUDA_ERROR_INVALID_HANDLE;
  if (event->capture != nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  return event->stream == nullptr ? CUDA_SUCCESS : run_until(event->stream, event->position);
}
CUresult cuEventSynchronize(Event* event) {
  STANDIN_LOCK;
  return waited([=] { return cuEventQuery(event); });
}

CUresult cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  STANDIN_ENTER;
  if (context->events.count(start) == 0 || context->events.count(end) == 0 || !start->time || !end->time ||
      !start->timed || !end->timed) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (*start->time < 0 || *end->time < 0) return CUDA_ERROR_NOT_READY;
  *milliseconds = static_cast<float>((*end->time - *start->time) * 1e3);
  return CUDA_SUCCESS;
}
CUresult cuEventElapsedTime_v2(float* milliseconds, Event* start, Event* end) {
  return cuEventElapsedTime(milliseconds, start, end);
}

CUresult cuStreamWaitEvent(Stream* stream, Event* event, unsigned) {
  STANDIN_ENTER;
  Stream* s = resolve(context, stream);
  if (event->capture != nullptr) {
    // The stream joins the capture that the event was recorded in.
    if (s->capture != nullptr && s->capture != event->capture) return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
    s->capture = event->capture;
    return CUDA_SUCCESS;
  }
  if (s->capture != nullptr) return event->stream == nullptr ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  if (event->stream == nullptr) return CUDA_SUCCESS;
  return submit(s, [from = event->stream, owner = event->context, position = event->position] {
    return alive(owner, from) ? run_until(from, position) : CUDA_SUCCESS;
  });
}

CUresult cuStreamBeginCapture_v2(Stream* stream, int mode) {
  STANDIN_ENTER;
  if (context->streams.count(stream) == 0) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (stream->capture != nullptr) return CUDA_ERROR_INVALID_VALUE;
  stream->capture = new Graph();
  stream->capture->mode = mode;
  stream->capture_origin = true;
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(Stream* stream, Graph** graph) {
  STANDIN_ENTER;
  *graph = nullptr;
  if (context->streams.count(stream) == 0 || stream->capture == nullptr) return CUDA_ERROR_INVALID_VALUE;
  if (!stream->capture_origin) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  Graph* g = stream->capture;
  for (Stream* s : context->streams) {
    if (s->capture == g) s->capture = nullptr;
  }
  for (Event* e : context->events) {
    if (e->capture == g) e->capture = nullptr;
  }
  stream->capture_origin = false;
  if (g->invalid) {
    delete g;
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  }
  context->graphs.insert(g);
  *graph = g;
  return CUDA_SUCCESS;
}

CUresult cuStreamIsCapturing(Stream* stream, int* status) {
  STANDIN_ENTER;
  const Graph* g = resolve(context, stream)->capture;
  *status = g == nullptr ? 0 : g->invalid ? 2 : 1;
  return CUDA_SUCCESS;
}

CUresult cuThreadExchangeStreamCaptureMode(int* mode) {
  static thread_local int own = 0;
  std::swap(own, *mode);
  return CUDA_SUCCESS;
}

CUresult cuGraphGetNodes(Graph* graph, void**, size_t* count) {
  STANDIN_ENTER;
  if (context->graphs.count(graph) == 0) return CUDA_ERROR_INVALID_VALUE;
  *count = graph->tasks.size();
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(Graph* graph) {
  STANDIN_ENTER;
  if (context->graphs.erase(graph) == 0) return CUDA_ERROR_INVALID_VALUE;
  delete graph;
  return CUDA_SUCCESS;
}

// An executable graph is a graph of its own.
CUresult cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, unsigned long long) {
  STANDIN_ENTER;
  if (context->graphs.count(graph) == 0) return CUDA_ERROR_INVALID_VALUE;
  *executable = new Graph(*graph);
  context->graphs.insert(*executable);
  return CUDA_SUCCESS;
}
CUresult cuGraphExecDestroy(Graph* executable) { return cuGraphDestroy(executable); }
CUresult cuGraphUpload(Graph*, Stream*) { return CUDA_SUCCESS; }

CUresult cuGraphLaunch(Graph* executable, Stream* stream) {
  STANDIN_ENTER;
  if (context->graphs.count(executable) == 0) return CUDA_ERROR_INVALID_VALUE;
  return submit(resolve(context, stream), [tasks = executable->tasks] {
    for (const Task& task : tasks) {
      if (CUresult r = task(); r != CUDA_SUCCESS) return r;
    }
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
