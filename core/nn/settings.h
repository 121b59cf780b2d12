// An object of settings in JSON, read strictly: each value is asked for by name, and what nobody asked for is an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"

namespace penstock::core::nn {

class Settings {
 public:
  // owner is named in sentences: "dense".  Throws invalid_argument for what is no object (null is an empty one).
  Settings(const Json &values, std::string_view owner);

  // Each throws invalid_argument for a value of another kind or out of limits, naming owner, key, value and limits.
  int64_t integer(std::string_view key, int64_t fallback, int64_t least, int64_t most);
  int64_t required_integer(std::string_view key, int64_t least, int64_t most);
  double number(std::string_view key, double fallback, double least, double most);  // limits included
  bool boolean(std::string_view key, bool fallback);
  std::string text(std::string_view key, std::string_view fallback);
  // count whole numbers; one number stands for count equal ones.  fallback -1: must be given.
  std::vector<int64_t> integers(std::string_view key, size_t count, int64_t fallback, int64_t least, int64_t most);
  // Null where it is not given, or is null.
  const Json *value(std::string_view key);
  bool has(std::string_view key) const { return values_->find(key) != nullptr; }

  // Throws for what was not asked for, listing what there is.
  void finish() const;

  [[noreturn]] void refuse(std::string_view key, const Json &value, std::string_view expected) const;

 private:
  const Json *values_;
  std::string owner_;
  std::vector<std::string> known_;
};

}  // namespace penstock::core::nn
