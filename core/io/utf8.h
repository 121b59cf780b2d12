// Text from outside (paths, names in archives, words of a header): whether it is UTF-8, and how a sentence shows it.
#pragma once

#include <string>
#include <string_view>

namespace penstock::core {

// Strictly: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// The text between double quotes; control characters and bytes that are not UTF-8 as \x1f, cut after some 500 bytes.
std::string in_quotes(std::string_view text);

}  // namespace penstock::core
