// JSON from outside, read strictly: what two readers could take in two ways is refused.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace penstock::core {

using Json = nlohmann::json;

// How deep values may lie in each other.
inline constexpr int deepest_json = 64;

// Throws data_error, naming the place and the byte, where text is not one JSON value in UTF-8, where an object has a key
// twice, and where values lie too deep.
Json parse_json(std::string_view text, std::string_view place);

}  // namespace penstock::core
