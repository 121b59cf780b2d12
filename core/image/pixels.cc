#include "core/image/pixels.h"

#include <cstddef>
#include <cstring>

namespace penstock::core {
namespace {

// ITU-R BT.601's weights in 65536ths, as Pillow has them.
uint8_t grey_of(const uint8_t *rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >> 16);
}

template <int32_t from, int32_t to>
void place_row(uint8_t *to_pixels, int64_t to_step, const uint8_t *pixels, int64_t width) {
  for (int64_t x = 0; x < width; ++x, to_pixels += to_step, pixels += from) {
    if constexpr (to == 1 && from >= 3) {
      *to_pixels = grey_of(pixels);
    } else if constexpr (to == 3 && from <= 2) {
      to_pixels[0] = to_pixels[1] = to_pixels[2] = *pixels;
    } else {
      for (int32_t channel = 0; channel < to; ++channel) to_pixels[channel] = pixels[channel];
    }
  }
}

using PlaceRow = void (*)(uint8_t *, int64_t, const uint8_t *, int64_t);

PlaceRow find_place_row(int32_t from, int32_t to) {
  switch (from * 8 + to) {
    case 1 * 8 + 1: return place_row<1, 1>;
    case 1 * 8 + 3: return place_row<1, 3>;
    case 2 * 8 + 1: return place_row<2, 1>;
    case 2 * 8 + 2: return place_row<2, 2>;
    case 2 * 8 + 3: return place_row<2, 3>;
    case 3 * 8 + 1: return place_row<3, 1>;
    case 3 * 8 + 3: return place_row<3, 3>;
    case 4 * 8 + 1: return place_row<4, 1>;
    case 4 * 8 + 3: return place_row<4, 3>;
    default: return place_row<4, 4>;
  }
}

}  // namespace

void place_pixels(uint8_t *rows, int64_t row_stride, int32_t channels, const ImageView &image, int32_t orientation) {
  const PlaceRow place = find_place_row(image.channels, channels);
  const bool transposed = orientation >= 5;
  // Where a step to the right, and a step down, in what is stored leads in what comes out.
  int64_t right = transposed ? row_stride : channels, down = transposed ? channels : row_stride;
  const bool right_to_left = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool bottom_to_top = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  uint8_t *first = rows;
  if (right_to_left) first += right * (image.width - 1), right = -right;
  if (bottom_to_top) first += down * (image.height - 1), down = -down;
  for (int32_t y = 0; y < image.height; ++y)
    place(first + y * down, right, image.pixels + y * image.row_stride, image.width);
}

}  // namespace penstock::core
