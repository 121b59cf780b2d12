// Text built from parts: text("axis ", 3, " of shape ", shape).  For error sentences and file headers, never for hot code.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace penstock::core {

inline void append_part(std::string &out, std::string_view part) { out += part; }
inline void append_part(std::string &out, const char *part) { out += part; }
inline void append_part(std::string &out, char part) { out += part; }

template <typename Number>
requires((std::integral<Number> ||
          std::floating_point<Number>)&&!std::same_as<Number, bool>) void append_part(std::string &out, Number number) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number);
  out.append(digits, end.ptr);
}

// Any part works whose type has an append_part(std::string &, part) beside it.
template <typename... Parts>
std::string text(const Parts &...parts) {
  std::string out;
  (append_part(out, parts), ...);
  return out;
}

// "a, b, c": what there is, for a sentence on what there is not.
template <typename Things, typename NameOf>
std::string listed(const Things &things, NameOf name_of) {
  std::string out;
  for (const auto &thing : things) {
    if (!out.empty()) out += ", ";
    append_part(out, name_of(thing));
  }
  return out;
}

}  // namespace penstock::core
