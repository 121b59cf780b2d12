// Gzip, and zlib that differs in what stands around the same data: whole files in memory, fast, and streams of any length in a few kilobytes.  Several members one after the other
// are read as one; zero bytes behind the last are padding, anything else there is an error.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/byte_stream.h"

namespace penstock::core {

// Memory that is grown but never shrunk, for one thread to inflate or read into again and again.
class InflationRoom {
 public:
  std::span<std::byte> span() { return {bytes_.get(), size_}; }
  void grow(size_t size, size_t kept);  // the first kept bytes stay

 private:
  std::unique_ptr<std::byte[]> bytes_;
  size_t size_ = 0;
};

// What a whole gzip file holds: the first bytes of room, valid until it is used again.  Throws data_error with the place
// where it is no gzip, damaged (CRC-32 and length are checked), cut short, or beyond the limit.
std::span<std::byte> gunzip(InflationRoom &room, std::span<const std::byte> packed, const InflationLimit &limit,
                            std::string_view place);

// The bytes that a gzip stream holds.  read() throws as gunzip() does.
std::unique_ptr<ByteStream> open_gzip(std::unique_ptr<ByteStream> packed, const InflationLimit &limit,
                                      std::string place);

// The bytes that a zlib stream holds: one, with nothing behind it.  read() throws as gunzip() does.
std::unique_ptr<ByteStream> open_zlib(std::unique_ptr<ByteStream> packed, const InflationLimit &limit,
                                      std::string place);

}  // namespace penstock::core
