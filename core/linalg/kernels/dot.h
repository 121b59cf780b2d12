// A row times a column where both lie densely: the products are summed side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/linalg/kernels/tile.h"

namespace penstock::core {

// So many bytes of sums run side by side, whatever the width of vectors: the same order, and bits, on every processor that
// fuses products with sums.
constexpr int64_t dot_nbytes = 256;
// Of so many rounds are the stretches that are summed one after the other.
constexpr int64_t dot_stretch_rounds = 256;

template <typename Scheme, int bytes>
class Dot {
  using Number = typename Scheme::Number;
  static constexpr int lanes = bytes / static_cast<int>(sizeof(Number));
  static constexpr int vectors = static_cast<int>(dot_nbytes) / bytes;
  static constexpr int64_t round_numbers = dot_nbytes / static_cast<int64_t>(sizeof(Number));
  using Vector = typename VectorOf<Number, lanes>::type;

 public:
  static Number of(const Number *first, const Number *second, int64_t count) {
    Number total = 0;
    constexpr int64_t stretch = dot_stretch_rounds * round_numbers;
    for (int64_t done = 0; done < count || done == 0; done += stretch) {
      const Number sum = of_stretch(first + done, second + done, std::min(stretch, count - done));
      total = done == 0 ? sum : total + sum;
    }
    return total;
  }

 private:
  static PS_LANES_INLINE void add_round(Vector *sums, const Number *first, const Number *second) {
#pragma GCC unroll 16
    for (int vector = 0; vector < vectors; ++vector) {
      Vector one, other;
      std::memcpy(&one, first + vector * lanes, sizeof(Vector));
      std::memcpy(&other, second + vector * lanes, sizeof(Vector));
      sums[vector] = Scheme::template multiply_add<Vector>(one, other, sums[vector]);
    }
  }

  static Number of_stretch(const Number *first, const Number *second, int64_t count) {
    Vector sums[vectors] = {};
    int64_t done = 0;
    for (; done + round_numbers <= count; done += round_numbers) add_round(sums, first + done, second + done);
    if (done < count) {
      Number padded[2][round_numbers] = {};
      const auto left_over = static_cast<size_t>(count - done) * sizeof(Number);
      std::memcpy(padded[0], first + done, left_over);
      std::memcpy(padded[1], second + done, left_over);
      add_round(sums, padded[0], padded[1]);
    }
    Number parts[round_numbers];
    std::memcpy(parts, sums, sizeof(parts));
    for (int64_t half = round_numbers / 2; half > 0; half /= 2)
      for (int64_t part = 0; part < half; ++part) parts[part] += parts[part + half];
    return parts[0];
  }
};

}  // namespace penstock::core
