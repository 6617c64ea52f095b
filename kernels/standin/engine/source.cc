// Where in the sources an address of a kernel is.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "worker.h"

namespace standin {

// From the folder of the kernels on.
std::string source_name(std::string path) {
  if (size_t kernels = path.rfind("/kernels/"); kernels != std::string::npos) path.erase(0, kernels + 9);
  return path.rfind("./", 0) == 0 ? path.substr(2) : path;
}

// The file and line of an address, by addr2line, which comes with g++; the bare offset where that is missing. Of a chain
// of inlined calls the kernel's own line is meant, not those of the wrappers under it.
std::string source_of(const Image& image, uintptr_t site) {
  char command[256];
  snprintf(command, sizeof command, "addr2line -i -e /proc/%d/fd/%d 0x%zx 2>/dev/null", getpid(), image.file,
           site - 1 - image.base);
  std::string inner, kernel;
  if (FILE* pipe = popen(command, "r")) {
    char text[1024];
    while (fgets(text, sizeof text, pipe) != nullptr) {
      std::string line(text, strcspn(text, " \n"));
      if (line[0] == '?' || line.find("standin/include/") != std::string::npos) continue;
      line = source_name(line);
      if (inner.empty() && line.find("common/ptx/") == std::string::npos) inner = line;
      if (kernel.empty() && line.find(".cu:") != std::string::npos) kernel = line;
    }
    pclose(pipe);
  }
  if (inner.empty() && kernel.empty()) {
    snprintf(command, sizeof command, "image offset 0x%zx", site - image.base);
    return command;
  }
  return inner.empty() || kernel.empty() || inner == kernel ? inner + (inner.empty() ? kernel : "")
                                                            : inner + " under " + kernel;
}

}  // namespace standin
