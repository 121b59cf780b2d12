// A file that grows at its end while others may read what is there already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/io/file.h"

namespace penstock::core {

// What was at its path before is gone once the constructor returns.  The bytes are handed to the system at each append,
// not forced to the disk: a crash of this process loses nothing that was appended, a crash of the machine may.
//
// Each function throws not_found where the folder is missing, otherwise io_error with the system's reason.
class AppendFile {
 public:
  // Throws io_error too where path is there and no regular file, or another AppendFile writes it.
  explicit AppendFile(const std::string &path);

  const std::string &path() const { return path_; }
  uint64_t size() const { return size_; }

  void append(std::span<const std::byte> bytes);  // all of them, or after a throw none
  void close();                                   // the last call

 private:
  std::string path_;
  Descriptor descriptor_;
  uint64_t size_ = 0;
};

}  // namespace penstock::core
