// The random numbers that put a classic-control world at the start of an episode.
#pragma once

#include "core/worlds/game.h"

namespace penstock::core {

// Uniform numbers one after another, of the precision that the world has.
template <typename Number>
class Draws {
 public:
  explicit Draws(const EpisodeRandom &random) : random_(random) {}

  // From low to below high, but for rounding; NumPy's formula.
  Number uniform(double low, double high) {
    if (random_.generator != nullptr) return static_cast<Number>(random_.generator->uniform(low, high));
    if constexpr (sizeof(Number) == sizeof(float)) {
      if (next_ % 4 == 0) block_ = random_block_of_u32(random_.stream, next_);
      const float unit = unit_f32(u32_in_block(block_, next_++));
      return static_cast<float>(low) + static_cast<float>(high - low) * unit;
    } else {
      if (next_ % 2 == 0) block_ = random_block_of_u64(random_.stream, next_);
      return low + (high - low) * unit_f64(u64_in_block(block_, next_++));
    }
  }

 private:
  EpisodeRandom random_;
  Words<4> block_{};
  uint64_t next_ = 0;
};

}  // namespace penstock::core
