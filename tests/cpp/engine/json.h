// A reader for JSON as strict as RFC 8259, for tests of what the engine writes.
#pragma once

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.h"

namespace penstock::core {

struct JsonValue {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::string string;
  std::vector<JsonValue> items;
  std::map<std::string, JsonValue> members;

  const JsonValue &operator[](const std::string &name) const {
    const auto member = members.find(name);
    if (member == members.end()) throw std::runtime_error("there is no member " + name);
    return member->second;
  }
};

class JsonReader {
 public:
  // Throws std::runtime_error with the offset where the characters are not JSON.
  static JsonValue read(std::string_view characters) {
    JsonReader reader(characters);
    JsonValue value = reader.read_value();
    reader.skip_space();
    if (!reader.rest_.empty()) reader.fail("the end");
    return value;
  }

 private:
  explicit JsonReader(std::string_view characters) : rest_(characters), size_(characters.size()) {}

  [[noreturn]] void fail(std::string_view expected) const {
    throw std::runtime_error(text("expected ", expected, " at offset ", size_ - rest_.size()));
  }

  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void require(std::string_view token) {
    skip_space();
    if (!take(token)) fail(token);
  }

  JsonValue read_value() {
    skip_space();
    JsonValue value;
    if (take("null")) return value;
    if (rest_.starts_with("true") || rest_.starts_with("false")) {
      value.kind = JsonValue::Kind::boolean;
      value.boolean = take("true");
      if (!value.boolean) take("false");
      return value;
    }
    if (rest_.starts_with('"')) {
      value.kind = JsonValue::Kind::string;
      value.string = read_string();
      return value;
    }
    if (take("[")) return read_array();
    if (take("{")) return read_object();
    return read_number();
  }

  JsonValue read_array() {
    JsonValue array;
    array.kind = JsonValue::Kind::array;
    skip_space();
    if (take("]")) return array;
    do array.items.push_back(read_value());
    while (skip_space(), take(","));
    require("]");
    return array;
  }

  JsonValue read_object() {
    JsonValue object;
    object.kind = JsonValue::Kind::object;
    skip_space();
    if (take("}")) return object;
    do {
      skip_space();
      const std::string name = read_string();
      require(":");
      if (!object.members.emplace(name, read_value()).second) fail("a name not used before");
    } while (skip_space(), take(","));
    require("}");
    return object;
  }

  // -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
  JsonValue read_number() {
    const std::string_view from = rest_;
    take("-");
    if (!take("0")) read_digits();
    if (take(".")) read_digits();
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      read_digits();
    }
    JsonValue value;
    value.kind = JsonValue::Kind::number;
    value.number = std::strtod(std::string(from.substr(0, from.size() - rest_.size())).c_str(), nullptr);
    return value;
  }

  void read_digits() {
    const auto is_digit = [&] { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; };
    if (!is_digit()) fail("a digit");
    while (is_digit()) rest_.remove_prefix(1);
  }

  std::string read_string() {
    if (!take("\"")) fail("a string");
    std::string string;
    while (!take("\"")) {
      if (rest_.empty() || static_cast<unsigned char>(rest_.front()) < ' ') fail("a character of a string");
      if (take("\\")) {
        string += read_escaped();
        continue;
      }
      string += rest_.front();
      rest_.remove_prefix(1);
    }
    return string;
  }

  // Of \u only what stands for ASCII, which is all that the engine writes.
  char read_escaped() {
    if (take("u00") && rest_.size() >= 2) {
      char *end = nullptr;
      const std::string digits(rest_.substr(0, 2));
      const long code = std::strtol(digits.c_str(), &end, 16);
      if (end != digits.c_str() + 2 || code >= 0x80) fail("two hexadecimal digits");
      rest_.remove_prefix(2);
      return static_cast<char>(code);
    }
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const size_t letter = rest_.empty() ? std::string_view::npos : letters.find(rest_.front());
    if (letter == std::string_view::npos) fail("an escape");
    rest_.remove_prefix(1);
    return meanings[letter];
  }

  std::string_view rest_;
  size_t size_;
};

}  // namespace penstock::core
