#include "capi/src/options.h"

#include <algorithm>
#include <cstring>

#include "capi/src/guard.h"
#include "core/base/version.h"

namespace penstock {

using core::fail;
using core::Status;

void require_options_size(uint32_t struct_size, const OptionsDescription &description) {
  const auto ends = description.field_ends;
  const bool is_older_or_ours = std::find(ends.begin(), ends.end(), struct_size) != ends.end();
  const bool is_newer = struct_size > description.size() && struct_size <= largest_options_size;
  if (!is_older_or_ours && !is_newer)
    fail(Status::invalid_argument, description.name, ".struct_size is ", struct_size, ": expected ", description.size(),
         ", sizeof(", description.name, "), or the size of an older or newer header; was the struct initialised?");
}

void read_options_bytes(void *options, const void *given, const OptionsDescription &description) {
  const uint32_t known_size = description.size();
  std::memcpy(options, description.defaults, known_size);
  if (given == nullptr) return;
  uint32_t given_size;
  std::memcpy(&given_size, given, sizeof(given_size));
  require_options_size(given_size, description);
  const auto *bytes = static_cast<const unsigned char *>(given);
  for (uint32_t index = known_size; index < given_size; ++index)
    if (bytes[index] != 0)
      fail(Status::invalid_argument, description.name, " of ", given_size, " bytes sets byte ", index,
           ", which this library does not know: penstock ", core::version(),
           " is too old for the header it was filled with");
  std::memcpy(options, given, std::min(given_size, known_size));
  std::memcpy(options, &known_size, sizeof(known_size));
}

void write_options_bytes(void *out, uint32_t struct_size, const void *filled, const OptionsDescription &description) {
  const uint32_t known_size = std::min(struct_size, description.size());
  std::memcpy(out, filled, known_size);
  std::memset(static_cast<unsigned char *>(out) + known_size, 0, struct_size - known_size);
  std::memcpy(out, &struct_size, sizeof(struct_size));
}

void init_options_bytes(void *options, uint32_t struct_size, const OptionsDescription &description) {
  require_options_size(struct_size, description);
  write_options_bytes(options, struct_size, description.defaults, description);
}

}  // namespace penstock
