// A fuzzer's input as a saved snapshot's bytes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/snapshot.h"

namespace penstock::core {

// Calls read(bytes) with the input, and with its checksum mended, so that it does not hide what lies behind it.  What read
// may throw is a data_error, or a not_found of a section, with a sentence.
template <typename Read>
void read_as_is_and_sealed(const uint8_t *data, size_t size, const Read &read) {
  const auto read_or_refuse = [&](std::span<const std::byte> bytes) {
    try {
      read(bytes);
    } catch (const Error &error) {
      const bool expected = error.status() == Status::data_error || error.status() == Status::not_found;
      if (!expected || error.sentence().empty()) std::abort();
    }
  };
  const auto input = std::as_bytes(std::span(data, size));
  read_or_refuse(input);
  std::vector<std::byte> sealed(input.begin(), input.end());
  seal_snapshot(sealed);
  read_or_refuse(sealed);
}

}  // namespace penstock::core
