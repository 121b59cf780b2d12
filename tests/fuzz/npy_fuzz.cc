// Any bytes are either refused or read as the same tensor whether they are copied or kept in place.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "core/base/error.h"
#include "core/io/npy.h"

namespace {

using namespace penstock::core;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Read>
std::optional<Tensor> read_or_refuse(Read read) {
  try {
    return read();
  } catch (const Error &error) {
    require(error.status() == Status::data_error || error.status() == Status::type_mismatch);
    require(!error.sentence().empty());
    return std::nullopt;
  }
}

Tensor adopt_copy(std::span<const std::byte> bytes) {
  auto storage = Storage::allocate(static_cast<int64_t>(bytes.size()), Storage::default_alignment, Device{});
  std::copy(bytes.begin(), bytes.end(), storage->data());
  return adopt_npy(std::move(storage), "the input");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto copied = read_or_refuse([&] { return parse_npy(bytes, "the input", Device{}); });
  const auto adopted = read_or_refuse([&] { return adopt_copy(bytes); });
  require(copied.has_value() == adopted.has_value());
  if (!copied) return 0;
  require(copied->dtype == adopted->dtype && copied->shape == adopted->shape && copied->strides == adopted->strides);
  require(static_cast<size_t>(copied->nbytes()) <= size);
  require(std::equal(copied->data, copied->data + copied->nbytes(), adopted->data));
  return 0;
}
