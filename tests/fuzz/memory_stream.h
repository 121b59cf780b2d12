// A fuzzer's input as a stream, handed out in pieces of uneven size.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>

#include "core/base/error.h"
#include "core/io/byte_stream.h"

namespace penstock::core {

class MemoryStream : public ByteStream {
 public:
  MemoryStream(const uint8_t *data, size_t size) : rest_(std::as_bytes(std::span(data, size))) {}

  size_t read(std::span<std::byte> out) override {
    const size_t count = std::min(out.size(), rest_.size());
    if (count > 0) std::memcpy(out.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  std::span<const std::byte> rest_;
};

// Runs read; what it may throw is a data_error with a sentence.
template <typename Read>
void read_or_refuse(Read read) {
  try {
    read();
  } catch (const Error &error) {
    if (error.status() != Status::data_error || error.sentence().empty()) std::abort();
  }
}

inline constexpr InflationLimit limit_of_a_fuzzer{uint64_t{16} << 20, uint64_t{1} << 20, 250};

}  // namespace penstock::core
