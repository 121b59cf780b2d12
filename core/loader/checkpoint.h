// A place in the order of batches: enough to go on from there, and no sample.
#pragma once

#include <cstdint>

namespace penstock::core {

// After a batch.  Chunks are counted in the epoch's order, positions as they leave the chunks (before the reservoir) and as
// they are delivered (after it), each from the epoch's first.
struct Checkpoint {
  uint64_t epoch = 0;
  uint64_t batches = 0;         // delivered in this epoch
  uint64_t delivered = 0;       // positions delivered in this epoch
  uint64_t first_chunk = 0;     // where to begin to read again
  uint64_t first_skipped = 0;   // so many of that chunk's positions belong to what lies before
  uint64_t first_position = 0;  // the number of the position behind those
  uint64_t chunks_seen = 0;     // chunks whose failures are counted already
  uint64_t bad_chunks = 0;      // skipped so far, over all epochs
  friend bool operator==(const Checkpoint &, const Checkpoint &) = default;
};

}  // namespace penstock::core
