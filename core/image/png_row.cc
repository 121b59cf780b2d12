#include "core/image/png_row.h"

#include <cstddef>
#include <cstring>

#include "core/base/error.h"
#include "core/io/big_endian.h"

namespace penstock::core {
namespace {

// Sample number index of a row, as it is stored.
uint32_t sample_at(const uint8_t *samples, int64_t index, int32_t bits) {
  if (bits == 8) return samples[index];
  if (bits == 16) return uint32_t{samples[2 * index]} << 8 | samples[2 * index + 1];
  const int64_t bit = index * bits;
  return static_cast<uint32_t>(samples[bit / 8]) >> (8 - bits - bit % 8) & ((1U << bits) - 1);
}

uint8_t level_of(uint32_t sample, int32_t bits) {
  if (bits == 16) return static_cast<uint8_t>(sample >> 8);
  return static_cast<uint8_t>(sample * 255 / ((1U << bits) - 1));  // exact: 255 is a multiple
}

void spread_palette(const PngHeader &header, const uint8_t *samples, int64_t width, uint8_t *pixels, int64_t step) {
  const size_t entries = header.palette.size() / 3;
  for (int64_t x = 0; x < width; ++x, pixels += step) {
    const size_t entry = sample_at(samples, x, header.bits);
    if (entry >= entries) fail(Status::data_error, "PNG: a pixel is entry ", entry, " of a palette of ", entries);
    std::memcpy(pixels, header.palette.data() + 3 * entry, 3);
    if (header.transparency.empty()) continue;
    const bool has_alpha = entry < header.transparency.size();
    pixels[3] = has_alpha ? static_cast<uint8_t>(header.transparency[entry]) : 255;
  }
}

void spread_samples(const PngHeader &header, const uint8_t *samples, int64_t width, uint8_t *pixels, int64_t step) {
  const int32_t count = header.samples();
  uint32_t transparent[3] = {};
  if (!header.transparency.empty())
    for (int32_t sample = 0; sample < count; ++sample)
      transparent[sample] = load_big_endian<uint16_t>(header.transparency.data() + ptrdiff_t{2} * sample);
  for (int64_t x = 0; x < width; ++x, pixels += step) {
    bool is_transparent = !header.transparency.empty();
    for (int32_t channel = 0; channel < count; ++channel) {
      const uint32_t sample = sample_at(samples, x * count + channel, header.bits);
      pixels[channel] = level_of(sample, header.bits);
      if (is_transparent) is_transparent = sample == transparent[channel];
    }
    if (!header.transparency.empty()) pixels[count] = is_transparent ? 0 : 255;
  }
}

}  // namespace

void spread_png_row(const PngHeader &header, const uint8_t *samples, int64_t width, uint8_t *pixels, int64_t step) {
  const bool as_stored = header.bits == 8 && header.colour != PngColour::palette && header.transparency.empty();
  if (as_stored && step == header.channels())
    std::memcpy(pixels, samples, static_cast<size_t>(width * step));
  else if (header.colour == PngColour::palette)
    spread_palette(header, samples, width, pixels, step);
  else
    spread_samples(header, samples, width, pixels, step);
}

}  // namespace penstock::core
