// Sums over a batch cut into pieces, which threads share: the same bits whoever computes them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/thread_pool.h"

namespace penstock::core::nn {

// The sum of body(Range) over stretches of grain items, or of more where that would be too many; added in their order.
template <typename Body>
double sum_of_pieces(int64_t count, int64_t grain, const Body &body) {
  constexpr int64_t most_pieces = 256;
  const int64_t items = std::max(grain, shard_count(count, most_pieces));
  std::array<double, most_pieces> sums;
  parallel_for(count, items, [&](Range range) { sums[static_cast<size_t>(range.begin / items)] = body(range); });
  double sum = 0;
  for (int64_t piece = 0; piece < shard_count(count, items); ++piece) sum += sums[static_cast<size_t>(piece)];
  return sum;
}

// Elements that take one thread about as long as it takes to hand them to another.
inline constexpr int64_t loss_grain = 8192;

}  // namespace penstock::core::nn
