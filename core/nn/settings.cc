#include "core/nn/settings.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core::nn {
namespace {

// A whole number, however it was written; nothing for one with a fraction, or beyond int64.
const int64_t *whole(const Json &value, int64_t &storage) {
  if (const int64_t *number = value.if_signed()) return number;
  const uint64_t *number = value.if_unsigned();
  if (!number || *number > static_cast<uint64_t>(INT64_MAX)) return nullptr;
  storage = static_cast<int64_t>(*number);
  return &storage;
}

std::string limits(const char *what, auto least, auto most) { return text(what, " from ", least, " to ", most); }

}  // namespace

Settings::Settings(const Json &values, std::string_view owner) : values_(&values), owner_(owner) {
  static const Json none = Json::Object();
  if (values.is_null()) values_ = &none;
  if (!values_->if_object())
    fail(Status::invalid_argument, owner_, ": settings are ", in_quotes(values.dump()), ": expected an object");
}

const Json *Settings::value(std::string_view key) {
  known_.emplace_back(key);
  const Json *found = values_->find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

void Settings::refuse(std::string_view key, const Json &value, std::string_view expected) const {
  fail(Status::invalid_argument, owner_, ": ", key, " is ", value.dump(), ": expected ", expected);
}

int64_t Settings::integer(std::string_view key, int64_t fallback, int64_t least, int64_t most) {
  const Json *given = value(key);
  if (!given) return fallback;
  int64_t storage = 0;
  const int64_t *number = whole(*given, storage);
  if (!number || *number < least || *number > most) refuse(key, *given, limits("a whole number", least, most));
  return *number;
}

int64_t Settings::required_integer(std::string_view key, int64_t least, int64_t most) {
  if (!values_->find(key))
    fail(Status::invalid_argument, owner_, ": ", key, " is missing: expected ", limits("a whole number", least, most));
  return integer(key, least, least, most);
}

double Settings::number(std::string_view key, double fallback, double least, double most) {
  const Json *given = value(key);
  if (!given) return fallback;
  double number = NAN;
  int64_t storage = 0;
  if (const double *real = given->if_double()) number = *real;
  if (const int64_t *integer = whole(*given, storage)) number = static_cast<double>(*integer);
  if (!(number >= least && number <= most)) refuse(key, *given, limits("a number", least, most));
  return number;
}

bool Settings::boolean(std::string_view key, bool fallback) {
  const Json *given = value(key);
  if (!given) return fallback;
  const bool *truth = given->if_bool();
  if (!truth) refuse(key, *given, "true or false");
  return *truth;
}

std::string Settings::text(std::string_view key, std::string_view fallback) {
  const Json *given = value(key);
  if (!given) return std::string(fallback);
  const std::string *words = given->if_text();
  if (!words) refuse(key, *given, "a text");
  return *words;
}

std::vector<int64_t> Settings::integers(std::string_view key, size_t count, int64_t fallback, int64_t least,
                                        int64_t most) {
  const std::string expected = core::text(limits("a whole number", least, most), ", or a list of ", count);
  const Json *given = value(key);
  if (!given && fallback < 0) fail(Status::invalid_argument, owner_, ": ", key, " is missing: expected ", expected);
  if (!given) return std::vector<int64_t>(count, fallback);
  std::vector<int64_t> numbers;
  const auto take = [&](const Json &each) {
    int64_t storage = 0;
    const int64_t *number = whole(each, storage);
    if (!number || *number < least || *number > most) refuse(key, *given, expected);
    numbers.push_back(*number);
  };
  if (const Json::Array *list = given->if_array()) {
    if (list->size() != count) refuse(key, *given, expected);
    std::for_each(list->begin(), list->end(), take);
  } else {
    take(*given);
    numbers.resize(count, numbers[0]);
  }
  return numbers;
}

void Settings::finish() const {
  for (const auto &[key, value] : *values_->if_object())
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      fail(Status::invalid_argument, owner_, " has no setting ", in_quotes(key), ": it has ",
           known_.empty() ? std::string("none") : listed(known_, [](const std::string &each) { return each; }));
}

}  // namespace penstock::core::nn
