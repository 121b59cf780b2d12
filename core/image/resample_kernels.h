// The two loops of resampling, compiled for each width of vectors.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/base/lanes.h"
#include "core/image/resample.h"

namespace penstock::core {

struct ResampleKernels {
  // A row of wanted pixels, each from those of a row of size bytes beside it; never reads beyond them.
  void (*along_row)(uint8_t *to, const uint8_t *from, int64_t size, const ResampleWeights &weights, int64_t count,
                    int32_t channels);
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

// Four channels side by side; of three, the fourth is the next pixel's, computed in vain.
template <int32_t channels>
PS_LANES_INLINE void sum_pixel_in_lanes(uint8_t *to, const uint8_t *from, const int32_t *weights, int32_t taps) {
  using Bytes = VectorOf<uint8_t, 4>::type;
  using Sums = VectorOf<int32_t, 4>::type;
  Sums sums = {resample_half, resample_half, resample_half, resample_half};
  for (int32_t tap = 0; tap < taps; ++tap) {
    Bytes bytes;
    std::memcpy(&bytes, from + tap * channels, sizeof(bytes));
    sums += __builtin_convertvector(bytes, Sums) * weights[tap];
  }
  sums >>= resample_precision;
  sums = sums < 0 ? Sums{} : sums;
  const Sums highest = {255, 255, 255, 255};
  sums = sums > highest ? highest : sums;
  const Bytes levels = __builtin_convertvector(sums, Bytes);
  std::memcpy(to, &levels, channels);
}

template <int32_t channels>
PS_LANES_INLINE void resample_along_row(uint8_t *to, const uint8_t *from, int64_t size, const ResampleWeights &weights,
                                        int64_t count) {
  for (int64_t x = 0; x < count; ++x, to += channels) {
    const int32_t *numbers = weights.of(x);
    const int32_t first = numbers[0], taps = numbers[1];
    const uint8_t *pixels = from + int64_t{first} * channels;
    const bool may_read_on = channels >= 3 && (int64_t{first} + taps - 1) * channels + 4 <= size;
    if (may_read_on)
      sum_pixel_in_lanes<channels>(to, pixels, numbers + 2, taps);
    else
      sum_pixel<channels>(to, pixels, numbers + 2, taps);
  }
}

template <int bytes>
void along_row(uint8_t *to, const uint8_t *from, int64_t size, const ResampleWeights &weights, int64_t count,
               int32_t channels) {
  switch (channels) {
    case 1: return resample_along_row<1>(to, from, size, weights, count);
    case 2: return resample_along_row<2>(to, from, size, weights, count);
    case 3: return resample_along_row<3>(to, from, size, weights, count);
    default: return resample_along_row<4>(to, from, size, weights, count);
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
  static constexpr ResampleKernels kernels = {along_row<bytes>, down_columns<bytes>};
  return kernels;
}

}  // namespace penstock::core
