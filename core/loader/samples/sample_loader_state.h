// What a loader of samples saves: a place in the order of batches, and by what it is known that it is the same order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace penstock::core {

// Before the batch of that index.
struct SamplePlace {
  uint64_t epoch = 0, batch = 0;
  uint64_t bad_samples = 0;  // passed over so far, over all epochs
};

struct SampleLoaderState {
  uint64_t options_fingerprint = 0, set_fingerprint = 0;
  SamplePlace place;
};

std::vector<std::byte> save_sample_loader_state(const SampleLoaderState &state);

// Throws data_error where the bytes are no such state, whole and sound.
SampleLoaderState read_sample_loader_state(std::span<const std::byte> bytes);

}  // namespace penstock::core
