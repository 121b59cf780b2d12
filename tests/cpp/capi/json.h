// A small JSON reader for the tests: strict enough to tell a broken file, simple enough to be trusted.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace penstock::test {

struct Json {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  double number = 0;  // of a boolean: 0 or 1
  std::string text;   // of a number: its digits as written
  std::vector<Json> items;
  std::map<std::string, Json> members;

  bool has(const std::string &name) const { return members.count(name) != 0; }
  const Json &at(const std::string &name) const { return members.at(name); }  // throws std::out_of_range
};

// Throws std::runtime_error, with the offset, for anything that is not one JSON value.
Json parse_json(const std::string &text);

}  // namespace penstock::test
