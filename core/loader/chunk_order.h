// The order of the chunks of an epoch: a function of the seed, the epoch and how many there are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/loader/options.h"
#include "core/loader/permutation.h"
#include "core/loader/sampling.h"

namespace penstock::core {

// Chunks are shuffled in windows of the pool's size, each in itself, one after the other in the order of arrival.  Where
// folders are watched an epoch is the newest window alone.
class ChunkOrder {
 public:
  // chunk_count: how many have arrived when the epoch begins.
  ChunkOrder(const LoaderOptions &options, uint64_t epoch, uint64_t chunk_count)
      : seed_(options.seed), epoch_(epoch), window_(static_cast<uint64_t>(options.pool_size)) {
    if (options.watch && chunk_count > window_) first_ = chunk_count - window_;
    size_ = chunk_count - first_;
    if (options.share_begin == 0 && options.share_end == 1) return;
    has_share_ = true;
    for (uint64_t number = first_; number < chunk_count; ++number)
      if (is_in_share(options, number)) share_.push_back(number);
    size_ = share_.size();
  }

  uint64_t size() const { return size_; }

  // The number of the chunk that stands at a place below size().
  uint64_t operator()(uint64_t place) const {
    const uint64_t window = place / window_, begin = window * window_;
    const Permutation order(draw_stream(seed_, Draw::chunk_order, epoch_, window), std::min(window_, size_ - begin));
    const uint64_t index = begin + order(place - begin);
    return has_share_ ? share_[index] : first_ + index;
  }

 private:
  uint64_t seed_, epoch_, window_;
  uint64_t first_ = 0, size_ = 0;
  bool has_share_ = false;
  std::vector<uint64_t> share_;
};

}  // namespace penstock::core
