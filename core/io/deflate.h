// Deflate streams and CRC-32, as zip archives use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace penstock::core {

// Memory that is written before it is read, and so not cleared first.
struct Buffer {
  explicit Buffer(uint64_t size) : bytes(std::make_unique_for_overwrite<std::byte[]>(size)), size(size) {}
  std::span<std::byte> span() { return {bytes.get(), size}; }

  std::unique_ptr<std::byte[]> bytes;
  uint64_t size;
};

// The CRC-32 of what crc is the CRC-32 of, followed by bytes; 0 is that of nothing.
uint32_t crc32(uint32_t crc, std::span<const std::byte> bytes);

// The most bytes that a deflate stream of so many can hold: two bits at least say a run of 258.
inline constexpr uint64_t largest_inflation = 1032;

// Fills out with what stream holds.  Throws data_error where it is no deflate stream, holds another number of bytes, or
// ends before its last byte; place names it in the message.  out is undefined after a throw.
void inflate(std::span<std::byte> out, std::span<const std::byte> stream, std::string_view place);

// Bytes as a deflate stream, in the first bytes of the memory that is returned, size of them.
// level: 1 (fast) to 12 (small).
Buffer deflate(std::span<const std::byte> bytes, int32_t level);

}  // namespace penstock::core
