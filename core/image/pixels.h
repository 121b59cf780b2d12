// Decoded pixels to the channels and the side up that are asked for.
#pragma once

#include <cstdint>

#include "core/image/image.h"

namespace penstock::core {

// Writes an image with channels per pixel: as many as it has, 1 (grey), or 3 (RGB; of an image with fewer, grey repeated), turned
// as orientation (exif.h) says.  rows has the height and width that then come out.
void place_pixels(uint8_t *rows, int64_t row_stride, int32_t channels, const ImageView &image, int32_t orientation);

}  // namespace penstock::core
