// Any bytes are refused as a loader's state, or are one that is saved as the same bytes again.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "core/base/snapshot.h"
#include "core/loader/loader_state.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

namespace {

void read_state(std::span<const std::byte> bytes) {
  try {
    const LoaderState state = read_loader_state(bytes);
    const LoaderState again = read_loader_state(save_loader_state(state));
    if (!(again.checkpoint == state.checkpoint) || again.sizes != state.sizes || again.arrivals != state.arrivals)
      std::abort();
  } catch (const Error &error) {
    const bool expected = error.status() == Status::data_error || error.status() == Status::not_found;
    if (!expected || error.sentence().empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read_state(bytes);
  std::vector<std::byte> sealed(bytes.begin(), bytes.end());  // so that the checksum does not hide what lies behind it
  seal_snapshot(sealed);
  read_state(sealed);
  return 0;
}
