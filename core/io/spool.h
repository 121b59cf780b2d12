// Files without a name, for what a stream yields or what was computed once and is read at any place.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/io/byte_stream.h"
#include "core/io/file.h"

namespace penstock::core {

// A new file in the folder TMPDIR names, or /tmp; nobody else can open it, and it is gone with the File.  name stands for it
// in messages.  Throws io_error where there is no room.
class Spool {
 public:
  explicit Spool(std::string name);
  uint64_t size() const { return size_; }
  void append(std::span<const std::byte> bytes);
  File finish() &&;

 private:
  std::string name_;
  Descriptor file_;
  uint64_t size_ = 0;
};

// All of a stream.  Throws as Spool does, and what the stream throws.
File spool(ByteStream &stream, const std::string &name);

}  // namespace penstock::core
