// Texts of any length for C: "size, text, capacity".
#pragma once

#include <cstdint>
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

}  // namespace penstock
