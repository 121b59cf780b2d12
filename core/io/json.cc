#include "core/io/json.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

// Takes each part of a text as it is read, and puts the values together.
class Builder {
 public:
  explicit Builder(std::string_view place, size_t size) : place_(place), size_(size) {}

  Json take() { return std::move(whole_); }

  // What nlohmann's reader calls; true goes on.
  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(value); }
  bool number_unsigned(uint64_t value) { return add(value); }
  bool number_float(double value, const std::string &) { return add(value); }
  bool string(std::string &value) { return add(std::move(value)); }
  bool binary(std::vector<uint8_t> &) { return false; }  // no text has one
  bool start_object(size_t) { return open(true); }
  bool start_array(size_t) { return open(false); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string &key) {
    if (!levels_.back().keys.insert(key).second)
      fail(Status::data_error, place_, " has the key ", in_quotes(key), " twice");
    levels_.back().key = std::move(key);
    return true;
  }
  bool parse_error(size_t byte, const std::string &, const nlohmann::detail::exception &error) {
    constexpr int number_out_of_range = 406;
    if (error.id == number_out_of_range) fail(Status::data_error, place_, " has a number that is too large");
    fail(Status::data_error, place_, " is no JSON at its byte ", byte, " of ", size_);
  }

 private:
  // An array or object around what is being read.
  struct Level {
    bool is_object;
    Json::Array values;
    Json::Object members;
    std::set<std::string> keys;
    std::string key;
  };

  bool open(bool is_object) {
    if (levels_.size() >= deepest_json)
      fail(Status::data_error, place_, " has values more than ", deepest_json, " deep");
    levels_.push_back({is_object, {}, {}, {}, {}});
    return true;
  }

  bool close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return level.is_object ? add(std::move(level.members)) : add(std::move(level.values));
  }

  bool add(Json value) {
    if (levels_.empty())
      whole_ = std::move(value);
    else if (levels_.back().is_object)
      levels_.back().members.emplace_back(std::move(levels_.back().key), std::move(value));
    else
      levels_.back().values.push_back(std::move(value));
    return true;
  }

  std::string_view place_;
  size_t size_;
  std::vector<Level> levels_;
  Json whole_;
};

void append_quoted(std::string &out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (letter == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(letter) < ' ') {
      const auto code = static_cast<unsigned char>(letter);
      out += "\\u00";
      out += digits[code / 16];
      out += digits[code % 16];
    } else {
      out += letter;
    }
  }
  out += '"';
}

void append_double(std::string &out, double value) {
  const size_t begin = out.size();
  append_part(out, value);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

}  // namespace

// NOLINTNEXTLINE(bugprone-unhandled-self-assignment): a copy is made before anything changes
Json &Json::operator=(const Json &other) {
  std::visit(
      [&](const auto &value) {
        auto copied = value;
        value_ = std::move(copied);
      },
      other.value_);
  return *this;
}

const Json *Json::find(std::string_view key) const {
  const Object *members = if_object();
  if (!members) return nullptr;
  const auto found =
      std::find_if(members->begin(), members->end(), [&](const Member &member) { return member.first == key; });
  return found == members->end() ? nullptr : &found->second;
}

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}

void Json::dump_to(std::string &out) const {
  if (is_null()) out += "null";
  if (const bool *value = if_bool()) out += *value ? "true" : "false";
  if (const int64_t *value = if_signed()) append_part(out, *value);
  if (const uint64_t *value = if_unsigned()) append_part(out, *value);
  if (const double *value = if_double()) append_double(out, *value);
  if (const std::string *value = if_text()) append_quoted(out, *value);
  if (const Array *values = if_array()) {
    out += '[';
    for (const Json &value : *values) {
      if (&value != values->data()) out += ',';
      value.dump_to(out);
    }
    out += ']';
  }
  if (const Object *members = if_object()) {
    out += '{';
    for (const Member &member : *members) {
      if (&member != members->data()) out += ',';
      append_quoted(out, member.first);
      out += ':';
      member.second.dump_to(out);
    }
    out += '}';
  }
}

void append(Json::Object &object, std::string_view key, Json value) {
  object.emplace_back(std::string(key), std::move(value));
}

Json parse_json(std::string_view text, std::string_view place) {
  Builder builder(place, text.size());
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

}  // namespace penstock::core
