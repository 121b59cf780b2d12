// Places for buffers in one piece of memory: two may share bytes only when they are never needed at the same time.
#pragma once

#include <cstdint>
#include <span>

namespace penstock::core::nn {

struct PlacedBuffer {
  int64_t nbytes = 0;
  int32_t first = 0, last = 0;  // the times from which and up to which it is needed, both included
  int64_t offset = 0;           // set by place_buffers(), a multiple of 64
};

// Gives each buffer its offset; the result is the size of the piece.  The largest are placed first, each as low as it fits.
int64_t place_buffers(std::span<PlacedBuffer> buffers);

}  // namespace penstock::core::nn
