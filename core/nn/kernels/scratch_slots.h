// Pieces of scratch memory, one for each shard of a job that runs at the same time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/base/thread_pool.h"

namespace penstock::core::nn {

// As many pieces as the pool has threads when this is made, and no more than shards: where it is given more later, these wait
// for one another.
class ScratchSlots {
 public:
  explicit ScratchSlots(int64_t shards)
      : taken_(static_cast<size_t>(std::clamp<int64_t>(shards, 1, process_pool().num_threads()))) {}

  int64_t count() const { return static_cast<int64_t>(taken_.size()); }

  // Calls body(number of a piece that nobody else has meanwhile).  body throws nothing.
  template <typename Body>
  void use(const Body &body) {
    const size_t slot = take();
    body(static_cast<int64_t>(slot));
    taken_[slot].store(false, std::memory_order_release);
  }

 private:
  size_t take() {
    for (;; std::this_thread::yield())
      for (size_t slot = 0; slot < taken_.size(); ++slot)
        if (!taken_[slot].load(std::memory_order_relaxed) && !taken_[slot].exchange(true, std::memory_order_acquire))
          return slot;
  }

  std::vector<std::atomic<bool>> taken_;
};

}  // namespace penstock::core::nn
