// A row of a PNG's samples to a row of pixels with 8 bits a channel.
#pragma once

#include <cstdint>

#include "core/image/png.h"

namespace penstock::core {

// width pixels, each of header.channels() bytes, each step bytes behind the one before.  Throws data_error for a number that
// the palette does not have.
void spread_png_row(const PngHeader &header, const uint8_t *samples, int64_t width, uint8_t *pixels, int64_t step);

}  // namespace penstock::core
