#include "core/io/base64.h"

#include <cstdint>
#include <string_view>

namespace penstock::core {

std::string as_base64(std::span<const std::byte> bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t place = 0; place < 3; ++place)
      group = group << 8U | (at + place < bytes.size() ? std::to_integer<uint32_t>(bytes[at + place]) : 0U);
    for (size_t place = 0; place < 4; ++place)
      out += at + place <= bytes.size() ? letters[group >> (18 - 6 * place) & 63U] : '=';
  }
  return out;
}

}  // namespace penstock::core
