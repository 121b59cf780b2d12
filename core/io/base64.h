// Bytes as letters that every kind of text can hold.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace penstock::core {

// RFC 4648's base64, with its padding and without line ends.
std::string as_base64(std::span<const std::byte> bytes);

}  // namespace penstock::core
