// Any bytes are refused as a loader's state, or are one that is saved as the same bytes again.
#include "core/loader/loader_state.h"
#include "tests/fuzz/sealed_bytes.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_as_is_and_sealed(data, size, [](std::span<const std::byte> bytes) {
    const LoaderState state = read_loader_state(bytes);
    const LoaderState again = read_loader_state(save_loader_state(state));
    if (!(again.checkpoint == state.checkpoint) || again.sizes != state.sizes || again.arrivals != state.arrivals)
      std::abort();
  });
  return 0;
}
