#include "core/io/npy_dictionary.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

constexpr std::string_view white_space = " \t\n\r\f";

class DictionaryParser {
 public:
  DictionaryParser(std::string_view text, uint64_t offset, std::string_view place)
      : text_(text), offset_(offset), place_(place) {}

  NpyDictionary parse() {
    expect('{');
    while (!take('}')) {
      parse_entry();
      if (take(',')) continue;
      expect('}');
      break;
    }
    if (skip_white_space()) refuse("the end of the header");
    require_all_keys();
    return found_;
  }

 private:
  void parse_entry() {
    const size_t key_position = position_after_white_space();
    const std::string_view key = parse_string();
    expect(':');
    if (key == "descr")
      parse_once(has_descr_, key_position, [&] { parse_descr(); });
    else if (key == "fortran_order")
      parse_once(has_order_, key_position, [&] { found_.column_major = parse_boolean(); });
    else if (key == "shape")
      parse_once(has_shape_, key_position, [&] { parse_shape(); });
    else
      fail_at(key_position, "unknown key ", in_quotes(key), ": expected descr, fortran_order and shape");
  }

  template <typename Parse>
  void parse_once(bool &has_it, size_t key_position, Parse parse) {
    if (has_it) fail_at(key_position, "a key stands twice");
    has_it = true;
    parse();
  }

  void require_all_keys() const {
    if (!has_descr_ || !has_order_ || !has_shape_)
      fail_at(0, "the key ", !has_descr_ ? "descr" : !has_order_ ? "fortran_order" : "shape", " is missing");
  }

  // A string is a dtype's name; a list or a tuple describes records, and is only stepped over.
  void parse_descr() {
    const size_t start = position_after_white_space();
    found_.descr_is_string = start >= text_.size() || (text_[start] != '[' && text_[start] != '(');
    if (found_.descr_is_string) {
      found_.descr = parse_string();
      return;
    }
    skip_nested();
    found_.descr = text_.substr(start, position_ - start);
  }

  // To behind the bracket that closes the one we stand at.  Which kind closes which is not looked at: the result is
  // refused anyway, and only named.
  void skip_nested() {
    int64_t depth = 0;
    do {
      if (!skip_white_space()) refuse("a closing bracket");
      const char character = text_[position_];
      if (character == '\'' || character == '"') {
        parse_string();
        continue;
      }
      if (character == '[' || character == '(') ++depth;
      if (character == ']' || character == ')') --depth;
      ++position_;
    } while (depth > 0);
  }

  std::string_view parse_string() {
    if (!skip_white_space() || (text_[position_] != '\'' && text_[position_] != '"')) refuse("a string in quotes");
    const size_t start = position_ + 1;
    const size_t end = text_.find(text_[position_], start);
    const std::string_view string = text_.substr(start, end == std::string_view::npos ? end : end - start);
    if (end == std::string_view::npos || string.find_first_of("\n\\") != std::string_view::npos)
      refuse("a string that ends on its line and has no backslash");
    position_ = end + 1;
    return string;
  }

  bool parse_boolean() {
    skip_white_space();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(position_, word.size()) != word) continue;
      position_ += word.size();
      return word == "True";
    }
    refuse("True or False");
  }

  void parse_shape() {
    expect('(');
    while (!take(')')) {
      if (found_.shape.size() == max_ndim)
        fail_at(position_, "the shape has more than ", max_ndim, " sizes, the most a tensor can have");
      found_.shape.push_back(parse_size());
      if (take(',')) continue;
      if (found_.shape.size() == 1) refuse("a comma, as in the tuple (3,)");
      expect(')');
      break;
    }
  }

  int64_t parse_size() {
    skip_white_space();
    const char *begin = text_.data() + position_, *end = text_.data() + text_.size();
    int64_t size = 0;
    const auto parsed = std::from_chars(begin, end, size);
    const auto digits = static_cast<size_t>(parsed.ptr - begin);
    if (digits == 0 || *begin == '-' || (digits > 1 && *begin == '0')) refuse("a size of 0 or more, or )");
    if (parsed.ec == std::errc::result_out_of_range) refuse("a size below 2^63");
    position_ += digits;
    return size;
  }

  // True where there is more.
  bool skip_white_space() {
    position_ = position_after_white_space();
    return position_ < text_.size();
  }
  size_t position_after_white_space() const {
    return std::min(text_.find_first_not_of(white_space, position_), text_.size());
  }

  bool take(char character) {
    if (!skip_white_space() || text_[position_] != character) return false;
    ++position_;
    return true;
  }
  void expect(char character) {
    if (!take(character)) refuse(in_quotes({&character, 1}));
  }

  [[noreturn]] void refuse(std::string_view expected) const {
    const std::string_view rest = text_.substr(std::min(position_, text_.size()), 20);
    fail_at(position_, "expected ", expected, ", found ", rest.empty() ? "the end of the header" : in_quotes(rest));
  }
  template <typename... Parts>
  [[noreturn]] void fail_at(size_t position, const Parts &...parts) const {
    fail(Status::data_error, place_, " has a header that is not NumPy's: at byte ", offset_ + position, ": ", parts...);
  }

  std::string_view text_;
  uint64_t offset_;
  std::string_view place_;
  size_t position_ = 0;
  NpyDictionary found_;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

}  // namespace

NpyDictionary parse_npy_dictionary(std::string_view text, uint64_t offset, std::string_view place) {
  return DictionaryParser(text, offset, place).parse();
}

}  // namespace penstock::core
