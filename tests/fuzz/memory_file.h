// Inputs of fuzz targets that are read from files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/error.h"
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

// Runs read; what it may throw is a data_error, or a type_mismatch for a dtype that is not read, with a sentence.
template <typename Read>
void read_arrays_or_refuse(Read read) {
  try {
    read();
  } catch (const Error &error) {
    require(error.status() == Status::data_error || error.status() == Status::type_mismatch);
    require(!error.sentence().empty());
  }
}

// So that a byte that may not be read shows.
inline void look_at_all(std::span<const std::byte> bytes) {
  std::byte all{0};
  for (const std::byte byte : bytes) all |= byte;
  volatile std::byte keep = all;
  static_cast<void>(keep);
}

}  // namespace penstock::core
