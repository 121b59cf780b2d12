// The two loops of resampling, compiled for each width of vectors.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/base/lanes.h"
#include "core/image/resample.h"

namespace penstock::core {

// Rows that are read, and those that are written.
struct RowPair {
  uint8_t *to;
  int64_t to_stride;
  const uint8_t *from;
  int64_t from_stride;
  int64_t size;  // bytes of a row that is read
  int64_t rows;
  int64_t count;  // pixels of a row that is written
  int32_t channels;
};

struct ResampleKernels {
  // Rows of wanted pixels, each from those of a row of size bytes beside it; never reads beyond them.
  void (*along_rows)(const RowPair &rows, const ResampleWeights &weights);
  // size bytes, each from those above each other in rows; weights are those of one new row, whose first old one is from.
  void (*down_columns)(uint8_t *to, const uint8_t *from, int64_t from_stride, const int32_t *weights, int32_t taps,
                       int64_t size);
};

const ResampleKernels &resample_kernels_16();
const ResampleKernels &resample_kernels_32();

// ---------------------------------------------------------------------------------------------------------------------
// How they are computed.

inline constexpr int32_t resample_half = 1 << (resample_precision - 1);

PS_LANES_INLINE uint8_t resampled_level(int32_t sum) {
  const int32_t level = sum >> resample_precision;
  return static_cast<uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level);
}

template <int32_t channels>
PS_LANES_INLINE void sum_pixel(uint8_t *to, const uint8_t *from, const int32_t *weights, int32_t taps) {
  for (int32_t channel = 0; channel < channels; ++channel) {
    int32_t sum = resample_half;
    for (int32_t tap = 0; tap < taps; ++tap) sum += weights[tap] * from[tap * channels + channel];
    to[channel] = resampled_level(sum);
  }
}

using LaneBytes = VectorOf<uint8_t, 16>::type;
using LanePairs = VectorOf<uint16_t, 8>::type;
using LaneWords = VectorOf<int32_t, 4>::type;
using LaneSums = VectorOf<int32_t, 8>::type;

// Four bytes of either row as numbers; by putting zeros between them, since compilers make of a conversion a load for each.
PS_LANES_INLINE LaneSums load_fours(const uint8_t *first, const uint8_t *second) {
  int32_t fours[2];
  std::memcpy(&fours[0], first, 4);
  std::memcpy(&fours[1], second, 4);
  const auto bytes = reinterpret_cast<LaneBytes>(LaneWords{fours[0], fours[1], 0, 0});
  const auto pairs = reinterpret_cast<LanePairs>(
      __builtin_shufflevector(bytes, LaneBytes{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  return __builtin_convertvector(pairs, LaneSums);
}

template <int32_t channels>
PS_LANES_INLINE void store_levels(uint8_t *first, uint8_t *second, LaneSums sums) {
  const LaneSums none = {}, most = none + 255;
  sums >>= resample_precision;
  sums = sums < none ? none : sums;
  sums = sums > most ? most : sums;
  const auto bytes = reinterpret_cast<VectorOf<uint8_t, 32>::type>(sums);
  const auto levels = __builtin_shufflevector(bytes, bytes, 0, 4, 8, 12, 16, 20, 24, 28);
  uint8_t stored[8];
  std::memcpy(stored, &levels, sizeof(stored));
  std::memcpy(first, stored, channels);
  std::memcpy(second, stored + 4, channels);
}

// Four rows at once, two to a vector, four channels side by side; of three, the fourth is the next pixel's, computed in vain.
template <int32_t channels>
PS_LANES_INLINE void sum_pixels_of_four_rows(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride,
                                             const int32_t *weights, int32_t taps) {
  LaneSums upper = LaneSums{} + resample_half, lower = upper;
  for (int32_t tap = 0; tap < taps; ++tap, from += channels) {
    upper += load_fours(from, from + from_stride) * weights[tap];
    lower += load_fours(from + 2 * from_stride, from + 3 * from_stride) * weights[tap];
  }
  store_levels<channels>(to, to + to_stride, upper);
  store_levels<channels>(to + 2 * to_stride, to + 3 * to_stride, lower);
}

template <int32_t channels>
PS_LANES_INLINE void resample_along_rows(const RowPair &rows, const ResampleWeights &weights) {
  int64_t y = 0;
  for (; channels >= 3 && y + 4 <= rows.rows; y += 4) {
    uint8_t *to = rows.to + y * rows.to_stride;
    const uint8_t *from = rows.from + y * rows.from_stride;
    for (int64_t x = 0; x < rows.count; ++x, to += channels) {
      const int32_t *numbers = weights.of(x);
      const int64_t begin = int64_t{numbers[0]} * channels;
      const bool may_read_on = begin + int64_t{numbers[1] - 1} * channels + 4 <= rows.size;
      if (may_read_on)
        sum_pixels_of_four_rows<channels>(to, rows.to_stride, from + begin, rows.from_stride, numbers + 2, numbers[1]);
      else
        for (int64_t row = 0; row < 4; ++row)
          sum_pixel<channels>(to + row * rows.to_stride, from + row * rows.from_stride + begin, numbers + 2,
                              numbers[1]);
    }
  }
  for (; y < rows.rows; ++y) {
    uint8_t *to = rows.to + y * rows.to_stride;
    for (int64_t x = 0; x < rows.count; ++x, to += channels) {
      const int32_t *numbers = weights.of(x);
      sum_pixel<channels>(to, rows.from + y * rows.from_stride + int64_t{numbers[0]} * channels, numbers + 2,
                          numbers[1]);
    }
  }
}

template <int bytes>
void along_rows(const RowPair &rows, const ResampleWeights &weights) {
  switch (rows.channels) {
    case 1: return resample_along_rows<1>(rows, weights);
    case 2: return resample_along_rows<2>(rows, weights);
    case 3: return resample_along_rows<3>(rows, weights);
    default: return resample_along_rows<4>(rows, weights);
  }
}

template <int bytes>
void down_columns(uint8_t *to, const uint8_t *from, int64_t from_stride, const int32_t *weights, int32_t taps,
                  int64_t size) {
  constexpr int64_t block = 64;  // sums that stay in registers
  int64_t begin = 0;
  for (; begin + block <= size; begin += block) {
    int32_t sums[block];
    for (int64_t index = 0; index < block; ++index) sums[index] = resample_half;
    for (int32_t tap = 0; tap < taps; ++tap) {
      const uint8_t *row = from + begin + tap * from_stride;
      const int32_t weight = weights[tap];
      for (int64_t index = 0; index < block; ++index) sums[index] += weight * row[index];
    }
    for (int64_t index = 0; index < block; ++index) to[begin + index] = resampled_level(sums[index]);
  }
  for (; begin < size; ++begin) {
    int32_t sum = resample_half;
    for (int32_t tap = 0; tap < taps; ++tap) sum += weights[tap] * from[begin + tap * from_stride];
    to[begin] = resampled_level(sum);
  }
}

template <int bytes>
const ResampleKernels &make_resample_kernels() {
  static constexpr ResampleKernels kernels = {along_rows<bytes>, down_columns<bytes>};
  return kernels;
}

}  // namespace penstock::core
