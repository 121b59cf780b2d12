#include "core/io/byte_stream.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace penstock::core {

uint64_t ByteStream::skip(uint64_t count) {
  std::array<std::byte, 16384> dropped;
  uint64_t skipped = 0;
  while (skipped < count) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(count - skipped, dropped.size()));
    const size_t seen = read(std::span(dropped).first(wanted));
    skipped += seen;
    if (seen < wanted) break;
  }
  return skipped;
}

size_t FileStream::read(std::span<std::byte> out) {
  const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), file_.size() - at_));
  file_.read(at_, out.first(count));
  at_ += count;
  return count;
}

uint64_t FileStream::skip(uint64_t count) {
  const uint64_t skipped = std::min(count, file_.size() - at_);
  at_ += skipped;
  return skipped;
}

void InflationLimit::require(uint64_t inflated, uint64_t packed, std::string_view place) const {
  if (inflated > most_bytes)
    fail(Status::data_error, place, " inflates to more than ", most_bytes, " bytes, the most that is read");
  if (inflated > unchecked_bytes && inflated / most_ratio > packed)
    fail(Status::data_error, place, " inflates to ", inflated, " bytes and more from ", packed, ": beyond a ratio of ",
         most_ratio, " it is refused as a bomb");
}

}  // namespace penstock::core
