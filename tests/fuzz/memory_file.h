// Inputs of fuzz targets that are read from files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/text.h"

namespace penstock::core {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// Lies in memory and has a path all the same.
class MemoryFile {
 public:
  MemoryFile(const void *data, size_t size) : number_(memfd_create("input", MFD_CLOEXEC)) {
    require(number_ >= 0 && write(number_, data, size) == static_cast<ssize_t>(size));
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  ~MemoryFile() { close(number_); }
  std::string path() const { return text("/proc/self/fd/", number_); }

 private:
  int number_;
};

}  // namespace penstock::core
