// Numbers in big-endian byte order, as image files have them, on any machine.
#pragma once

#include <concepts>
#include <cstddef>

namespace penstock::core {

template <std::unsigned_integral Number>
Number load_big_endian(const std::byte *bytes) {
  Number number = 0;
  for (size_t index = 0; index < sizeof(Number); ++index)
    number = static_cast<Number>(number << 8 | static_cast<Number>(bytes[index]));
  return number;
}

}  // namespace penstock::core
