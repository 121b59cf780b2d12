#include "json.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace penstock::test {
namespace {

class Parser {
 public:
  explicit Parser(const std::string &text) : text_(text) {}

  Json whole() {
    Json value = parse_value();
    skip_space();
    if (at_ != text_.size()) refuse("something behind the value");
    return value;
  }

 private:
  [[noreturn]] void refuse(const std::string &what) const {
    throw std::runtime_error("not JSON at offset " + std::to_string(at_) + ": " + what);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool take(char expected) {
    skip_space();
    if (peek() != expected) return false;
    ++at_;
    return true;
  }
  void require(char expected) {
    if (!take(expected)) refuse(std::string("expected ") + expected);
  }

  Json parse_value() {
    skip_space();
    switch (peek()) {
      case '{': return parse_object();
      case '[': return parse_array();
      case '"': return string_value();
      case 't': return word("true", Json::Kind::boolean, 1);
      case 'f': return word("false", Json::Kind::boolean, 0);
      case 'n': return word("null", Json::Kind::null, 0);
      default: return parse_number();
    }
  }

  Json word(const std::string &expected, Json::Kind kind, double number) {
    if (text_.compare(at_, expected.size(), expected) != 0) refuse("an unknown word");
    at_ += expected.size();
    Json value;
    value.kind = kind;
    value.number = number;
    return value;
  }

  Json parse_number() {
    const size_t begin = at_;
    if (peek() == '-') ++at_;
    const size_t digits = at_;
    while (std::isdigit(static_cast<unsigned char>(peek())) != 0) ++at_;
    if (at_ == digits || (text_[digits] == '0' && at_ > digits + 1)) refuse("expected a value");
    if (peek() == '.') {
      const size_t fraction = ++at_;
      while (std::isdigit(static_cast<unsigned char>(peek())) != 0) ++at_;
      if (at_ == fraction) refuse("expected a digit");
    }
    Json value;
    value.kind = Json::Kind::number;
    value.text = text_.substr(begin, at_ - begin);
    value.number = std::strtod(value.text.c_str(), nullptr);
    return value;
  }

  Json string_value() {
    Json value;
    value.kind = Json::Kind::string;
    value.text = parse_string();
    return value;
  }

  std::string parse_string() {
    require('"');
    std::string characters;
    while (peek() != '"') {
      if (static_cast<unsigned char>(peek()) < ' ') refuse("a control character, or the end, in a string");
      if (peek() == '\\') characters += text_[at_++];  // escapes are kept as they are written
      characters += peek();
      ++at_;
    }
    ++at_;
    return characters;
  }

  Json parse_array() {
    Json value;
    value.kind = Json::Kind::array;
    require('[');
    if (take(']')) return value;
    do value.items.push_back(parse_value());
    while (take(','));
    require(']');
    return value;
  }

  Json parse_object() {
    Json value;
    value.kind = Json::Kind::object;
    require('{');
    if (take('}')) return value;
    do {
      skip_space();
      const std::string name = parse_string();
      require(':');
      if (!value.members.emplace(name, parse_value()).second) refuse("a name that stands twice");
    } while (take(','));
    require('}');
    return value;
  }

  const std::string &text_;
  size_t at_ = 0;
};

}  // namespace

Json parse_json(const std::string &text) { return Parser(text).whole(); }

}  // namespace penstock::test
