// Bytes that are read from front to back, wherever they come from: a file, or what a file's bytes inflate to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/io/file.h"

namespace penstock::core {

// One thread at a time.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream &) = delete;
  ByteStream &operator=(const ByteStream &) = delete;
  virtual ~ByteStream() = default;

  // Fills out, or what of it the rest of the bytes fill: fewer than asked for only at the end.  Throws what the source
  // throws; then the stream is of no more use.
  virtual size_t read(std::span<std::byte> out) = 0;

  // Passes over count bytes, or over the rest; how many it were.
  virtual uint64_t skip(uint64_t count);
};

class FileStream : public ByteStream {
 public:
  explicit FileStream(File file) : own_(std::move(file)), file_(*own_) {}
  struct Borrowed {
    const File &file;
  };
  explicit FileStream(Borrowed file) : file_(file.file) {}  // which must outlive this

  size_t read(std::span<std::byte> out) override;
  uint64_t skip(uint64_t count) override;

 private:
  std::optional<File> own_;
  const File &file_;
  uint64_t at_ = 0;
};

// How far a compressed source may go before it is refused as a bomb: more than most_bytes, or past unchecked_bytes more
// than most_ratio times what was read of it.
struct InflationLimit {
  uint64_t most_bytes;
  uint64_t unchecked_bytes;
  uint64_t most_ratio;

  // Throws data_error, naming the place and the limit that was passed.
  void require(uint64_t inflated, uint64_t packed, std::string_view place) const;
};

// A whole game inflates to some megabytes; an archive of games to less than a hundred times its size.
inline constexpr InflationLimit limit_of_a_chunk{uint64_t{256} << 20, uint64_t{64} << 20, 250};
inline constexpr InflationLimit limit_of_an_archive{uint64_t{1} << 50, uint64_t{256} << 20, 250};

}  // namespace penstock::core
