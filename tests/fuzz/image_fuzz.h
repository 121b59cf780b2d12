// What the fuzzers of images do alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "core/image/transform.h"
#include "tests/fuzz/memory_stream.h"

namespace penstock::core {

// Decodes bytes of one format in each way, and transforms what comes out; what one way takes all others must.
inline void fuzz_image(std::span<const std::byte> bytes, ImageFormat format) {
  static ImageDecoder decoder;
  static ImageRoom room;
  constexpr int64_t most_pixels = 1 << 20;
  std::optional<ImageInfo> info;
  read_or_refuse([&] { info = read_image_info(bytes); });
  if (!info || info->format != format) return;
  std::optional<int> taken;
  for (const ImageColour colour : {ImageColour::stored, ImageColour::rgb, ImageColour::grey}) {
    ImageDecodeOptions options;
    options.colour = colour;
    options.apply_orientation = colour != ImageColour::stored;
    options.largest_pixels = most_pixels;
    bool decoded = false;
    read_or_refuse([&] {
      const ImageView image = decoder.decode(bytes, options);
      decoded = true;
      uint8_t small[16 * 16 * max_image_channels];
      ImageStep resize;
      resize.height = resize.width = 16;
      const ImageTransforms transforms({&resize, 1});
      transforms.apply({small, {int64_t{16} * image.channels, image.channels, 1}}, image, {}, room);
    });
    if (taken && *taken != static_cast<int>(decoded)) std::abort();
    taken = static_cast<int>(decoded);
  }
}

}  // namespace penstock::core
