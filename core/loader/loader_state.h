// What a loader saves: a place in the order of batches, and by what it is known that the same data lie under it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/io/file_list.h"
#include "core/loader/checkpoint.h"
#include "core/loader/pipeline.h"

namespace penstock::core {

struct LoaderState {
  uint64_t options_fingerprint = 0;
  Checkpoint checkpoint;
  uint64_t files_fingerprint = 0;    // 0: not known yet, or folders are watched
  EpochSizes sizes;                  // of the epochs from the checkpoint's on that have begun
  std::vector<SourceFile> arrivals;  // where folders are watched: the files of those epochs and before, in order
};

std::vector<std::byte> save_loader_state(const LoaderState &state);

// Throws data_error where the bytes are no such state, whole and sound.
LoaderState read_loader_state(std::span<const std::byte> bytes);

}  // namespace penstock::core
