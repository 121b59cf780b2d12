#include "core/nn/plan_layout.h"

#include <algorithm>
#include <vector>

namespace penstock::core::nn {
namespace {

constexpr int64_t alignment = 64;

bool are_needed_together(const PlacedBuffer &one, const PlacedBuffer &other) {
  return one.first <= other.last && other.first <= one.last;
}

// The lowest offset at which the buffer meets none of those already placed, which are sorted by offset.
int64_t lowest_place(const PlacedBuffer &buffer, std::span<PlacedBuffer *const> placed) {
  int64_t offset = 0;
  for (const PlacedBuffer *other : placed) {
    if (!are_needed_together(buffer, *other)) continue;
    if (other->offset >= offset + buffer.nbytes) break;
    offset = std::max(offset, (other->offset + other->nbytes + alignment - 1) / alignment * alignment);
  }
  return offset;
}

}  // namespace

int64_t place_buffers(std::span<PlacedBuffer> buffers) {
  std::vector<PlacedBuffer *> order, placed;
  for (PlacedBuffer &buffer : buffers) order.push_back(&buffer);
  std::sort(order.begin(), order.end(), [](const PlacedBuffer *one, const PlacedBuffer *other) {
    return one->nbytes != other->nbytes ? one->nbytes > other->nbytes : one < other;
  });
  int64_t size = 0;
  for (PlacedBuffer *buffer : order) {
    buffer->offset = lowest_place(*buffer, placed);
    size = std::max(size, buffer->offset + buffer->nbytes);
    const auto behind = std::upper_bound(
        placed.begin(), placed.end(), buffer,
        [](const PlacedBuffer *one, const PlacedBuffer *other) { return one->offset < other->offset; });
    placed.insert(behind, buffer);
  }
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace penstock::core::nn
