// CRC-32C (Castagnoli), as TFRecord files use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock::core {

// The CRC-32C of what crc is the CRC-32C of, followed by bytes; 0 is that of nothing.  With the processor's own instruction
// where it has one.
uint32_t crc32c(uint32_t crc, std::span<const std::byte> bytes);

// The same without it: what it is tested against, and what other processors use.
uint32_t crc32c_portable(uint32_t crc, std::span<const std::byte> bytes);

}  // namespace penstock::core
