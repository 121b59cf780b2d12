// Which way up a picture was taken, as cameras write it into Exif data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock::core {

// The orientation in Exif data (a TIFF header and the directory behind it): 1 to 8, and 1, upright, where it has none or is
// damaged: whoever asks for pixels wants them all the same.
//
//   2 mirrored left to right        5 to be transposed                    7 to be transposed along the other diagonal
//   3 to be turned by 180 degrees   6 to be turned clockwise by 90 degrees
//   4 mirrored top to bottom        8 to be turned counter-clockwise by 90 degrees
int32_t exif_orientation(std::span<const std::byte> exif);

}  // namespace penstock::core
