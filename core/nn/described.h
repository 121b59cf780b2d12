// Things described in JSON by a name, or by an object with "name" and settings: losses, metrics, optimizers, schedules.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/io/json.h"
#include "core/io/utf8.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// The entry, one with a .name, that a description means.  Throws invalid_argument, naming what there is.
template <typename Kind, size_t count>
const Kind &find_described(const Kind (&kinds)[count], const Json &description, std::string_view what) {
  const Json *given = description.if_object() != nullptr ? description.find("name") : &description;
  const std::string *name = given == nullptr ? nullptr : given->if_text();
  if (name == nullptr)
    fail(Status::invalid_argument, what, " is ", description.dump(), ": expected a name, or an object with a name");
  const Kind *found = std::find_if(kinds, kinds + count, [&](const Kind &kind) { return kind.name == *name; });
  if (found == kinds + count)
    fail(Status::invalid_argument, "there is no ", what, " ", in_quotes(*name), ": expected one of ",
         listed(kinds, [](const Kind &kind) { return kind.name; }));
  return *found;
}

// Of a description that find_described() has taken, which must outlive them; the name is read already.
inline Settings described_settings(const Json &description, std::string_view owner) {
  static const Json none = Json::Object();
  Settings settings(description.if_object() != nullptr ? description : none, owner);
  settings.value("name");
  return settings;
}

template <typename Kind, size_t count>
std::array<std::string_view, count> names_of(const Kind (&kinds)[count]) {
  std::array<std::string_view, count> names;
  std::transform(kinds, kinds + count, names.begin(), [](const Kind &kind) { return kind.name; });
  return names;
}

}  // namespace penstock::core::nn
