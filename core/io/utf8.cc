#include "core/io/utf8.h"

#include <cstddef>

namespace penstock::core {
namespace {

// The bytes of the character that text begins with; 0 when it begins with none.
size_t leading_character_size(std::string_view text) {
  const auto byte = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (size_t index = 1; index < size; ++index)
    if ((byte(index) & 0xC0) != 0x80) return 0;
  // The second byte alone tells overlong forms, surrogates and what lies above U+10FFFF.
  const unsigned char second = byte(1);
  const bool valid = first == 0xE0   ? second >= 0xA0
                     : first == 0xED ? second < 0xA0
                     : first == 0xF0 ? second >= 0x90
                     : first == 0xF4 ? second < 0x90
                                     : true;
  return valid ? size : 0;
}

void append_escaped(std::string &out, char character) {
  constexpr char digits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(character);
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = leading_character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string in_quotes(std::string_view text) {
  constexpr size_t longest = 500;  // a sentence of ps_last_error() has room for three
  std::string out = "\"";
  while (!text.empty() && out.size() <= longest) {
    const size_t size = leading_character_size(text);
    const bool control = size == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7F);
    if (size == 0 || control)
      append_escaped(out, text[0]);
    else
      out += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += text.empty() ? "\"" : "...\"";
  return out;
}

}  // namespace penstock::core
