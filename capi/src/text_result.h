// Texts and bytes of any length for C: "size, text, capacity".
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "capi/src/guard.h"

namespace penstock {

inline void require_text_result(const uint64_t *size, const char *text, uint64_t capacity) {
  require_not_null(size, "size");
  if (capacity != 0) require_not_null(text, "text");
}

// size receives all bytes, the zero byte among them; text as much as fits.
inline void give_text(uint64_t *size, char *text, uint64_t capacity, std::string_view whole) {
  copy_text(text, capacity, whole);
  *size = whole.size() + 1;
}

// For functions whose first result is called length: it does not count the zero byte.
inline void require_length_and_text(const uint64_t *length, const char *text, uint64_t capacity) {
  require_not_null(length, "length");
  if (capacity != 0) require_not_null(text, "text");
}

inline void give_length_and_text(uint64_t *length, char *text, uint64_t capacity, std::string_view whole) {
  copy_text(text, capacity, whole);
  *length = whole.size();
}

inline void require_bytes_result(const uint64_t *size, const void *bytes, uint64_t capacity) {
  require_not_null(size, "size");
  if (capacity != 0) require_not_null(bytes, "bytes");
}

// size receives how many there are; bytes all of them, or none where they do not fit.
inline void give_bytes(uint64_t *size, void *bytes, uint64_t capacity, std::span<const std::byte> whole) {
  if (whole.size() <= capacity) std::memcpy(bytes, whole.data(), whole.size());
  *size = whole.size();
}

// What a caller gives as bytes and size, as long as the caller keeps it.
inline std::span<const std::byte> given_bytes(const void *bytes, uint64_t size) {
  if (size != 0) require_not_null(bytes, "bytes");
  return {static_cast<const std::byte *>(bytes), size};
}

}  // namespace penstock
