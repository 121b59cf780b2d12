// Numbers in little-endian byte order, as the records of a file have them, on any machine.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace penstock::core {

template <std::unsigned_integral Number>
Number load_little_endian(const std::byte *bytes) {
  Number number = 0;
  if constexpr (std::endian::native == std::endian::little)
    std::memcpy(&number, bytes, sizeof(number));  // GCC does not see one load in the loop below
  else
    for (size_t index = 0; index < sizeof(Number); ++index)
      number = static_cast<Number>(number | (static_cast<Number>(bytes[index]) << (8 * index)));
  return number;
}

template <std::unsigned_integral Number>
void append_little_endian(std::string &out, Number number) {
  for (size_t index = 0; index < sizeof(Number); ++index) out += static_cast<char>((number >> (8 * index)) & 0xFF);
}

// A text behind its size in bytes.
inline void append_text(std::string &out, std::string_view text) {
  append_little_endian(out, static_cast<uint32_t>(text.size()));
  out += text;
}

// What was appended to a text, as bytes; the text outlives them.
inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Reads a record's fields one after the other.  Whatever would lie past its end is a data_error.
class RecordReader {
 public:
  // place names the record in messages, and outlives this.
  RecordReader(std::span<const std::byte> record, std::string_view place) : rest_(record), place_(place) {}

  uint16_t u16() { return number<uint16_t>(); }
  uint32_t u32() { return number<uint32_t>(); }
  uint64_t u64() { return number<uint64_t>(); }
  void skip(size_t count) { bytes(count); }

  std::span<const std::byte> bytes(size_t count) {
    if (count > rest_.size())
      fail(Status::data_error, place_, " is cut short: its next field needs ", count, " bytes, has ", rest_.size());
    const std::span<const std::byte> taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  size_t remaining() const { return rest_.size(); }

 private:
  template <std::unsigned_integral Number>
  Number number() {
    return load_little_endian<Number>(bytes(sizeof(Number)).data());
  }

  std::span<const std::byte> rest_;
  std::string_view place_;
};

}  // namespace penstock::core
