// JSON from outside, read strictly: what two readers could take in two ways is refused; and JSON written.
//
// The words are told apart by nlohmann's reader; the values are our own, because the library's allocate where they are
// destroyed, which ends the process when memory is short.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace penstock::core {

// How deep values may lie in each other.
inline constexpr int deepest_json = 64;

class Json {
 public:
  using Member = std::pair<std::string, Json>;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;  // in the order of the text; no key twice

  // Whatever is a value of JSON may stand where one is asked for.
  // NOLINTBEGIN(google-explicit-constructor)
  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}  // a number below zero too
  Json(uint64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char *value) : value_(std::string(value)) {}
  Json(Array values) : value_(std::move(values)) {}
  Json(Object members) : value_(std::move(members)) {}
  // NOLINTEND(google-explicit-constructor)

  // std::variant's own copying ends the process where memory is short: what of these types fails to be made, it destroys.
  Json(const Json &other) : Json() { *this = other; }
  Json &operator=(const Json &other);
  Json(Json &&) noexcept = default;
  Json &operator=(Json &&) noexcept = default;
  ~Json() = default;

  // Null where it is of another kind.  A whole number of the text is unsigned, one with a sign signed, others are double.
  const bool *if_bool() const { return std::get_if<bool>(&value_); }
  const int64_t *if_signed() const { return std::get_if<int64_t>(&value_); }
  const uint64_t *if_unsigned() const { return std::get_if<uint64_t>(&value_); }
  const double *if_double() const { return std::get_if<double>(&value_); }
  const std::string *if_text() const { return std::get_if<std::string>(&value_); }
  const Array *if_array() const { return std::get_if<Array>(&value_); }
  const Object *if_object() const { return std::get_if<Object>(&value_); }
  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

  // The member of an object; null where it is none, or has no such key.
  const Json *find(std::string_view key) const;

  // Without spaces.  Texts must be UTF-8, doubles finite; a double that is whole has ".0" behind it, so that it is read as
  // one, and every double is read as the very same.
  std::string dump() const;

 private:
  void dump_to(std::string &out) const;

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

// Adds a member that an object does not have yet.
void append(Json::Object &object, std::string_view key, Json value);

// Throws data_error, naming the place and the byte, where text is not one JSON value in UTF-8, where an object has a key
// twice, and where values lie too deep.
Json parse_json(std::string_view text, std::string_view place);

}  // namespace penstock::core
