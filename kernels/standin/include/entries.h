// Ends every source that is compiled for the stand-in: describes the entry points, which the scan has listed in
// STANDIN_LIST, by their C++ types.
#pragma once

extern thread_local char standin_dynamic_shared[];

namespace standin {

// As the driver's half has it (engine/engine.h).
struct Entry {
  const char* name;
  void (*call)(void* const* arguments);
  const uint32_t* sizes;
  uint32_t parameters;
  uint32_t max_threads;
};

template <class... P>
struct Signature {
  static constexpr uint32_t count = sizeof...(P);
  static constexpr uint32_t sizes[count + 1] = {sizeof(P)...};

  // The arguments lie in the driver's memory, which a kernel may not touch.
  template <void (*kernel)(P...)>
  __attribute__((no_sanitize("thread", "alignment", "bounds"))) static void call(void* const* arguments) {
    call<kernel>(arguments, std::make_index_sequence<count>());
  }
  template <void (*kernel)(P...), size_t... i>
  __attribute__((no_sanitize("thread", "alignment", "bounds"))) static void call(
      [[maybe_unused]] void* const* arguments, std::index_sequence<i...>) {
    kernel(*static_cast<std::remove_cv_t<P>*>(arguments[i])...);
  }
};

template <class... P>
Signature<P...> signature_of(void (*)(P...));

}  // namespace standin

extern "C" {
#define STANDIN_ENTRY(name, threads)                                                                  \
  {#name, decltype(standin::signature_of(name))::call<name>, decltype(standin::signature_of(name))::sizes, \
   decltype(standin::signature_of(name))::count, static_cast<uint32_t>(threads)},
extern const standin::Entry standin_entries[] = {
#include STANDIN_LIST
    {nullptr, nullptr, nullptr, 0, 0}};
extern const uint32_t standin_entry_count = sizeof standin_entries / sizeof standin_entries[0] - 1;
extern const char standin_arch[] = STANDIN_ARCH;
void* standin_dynamic() { return standin_dynamic_shared; }
}
