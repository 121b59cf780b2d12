// What a JPEG says of itself before its first scan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock::core {

struct JpegHeader {
  int32_t width = 0;
  int32_t height = 0;
  int32_t components = 0;
  int32_t bits = 8;
  bool arithmetic = false;  // coded so, and not by Huffman's codes, of which each takes a bit at least
  std::span<const std::byte> exif;
};

// bytes may end behind what holds the sizes.  Throws data_error where they do not begin as a JPEG does, or what stands before
// the sizes is damaged.
JpegHeader read_jpeg_header(std::span<const std::byte> bytes);

}  // namespace penstock::core
