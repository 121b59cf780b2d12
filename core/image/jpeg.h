// JPEG images, by the plug-in libcore_jpeg.so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/image/codec.h"
#include "core/image/jpeg_header.h"

namespace penstock::core {

// Throws data_error for channels that make no grey or RGB, and for sizes that so many bytes cannot hold.
void require_decodable(const JpegHeader &header, size_t size);

// One thread's; the plug-in's decoder keeps its memory for the next image.
class JpegDecoder {
 public:
  JpegDecoder();  // throws unavailable where there is no plug-in
  JpegDecoder(const JpegDecoder &) = delete;
  JpegDecoder &operator=(const JpegDecoder &) = delete;
  ~JpegDecoder();

  // Fills rows of header.components bytes a pixel (1 or 3), as many and as long as header's sizes divided by shrink (1, 2, 4
  // or 8), rounded up, of a header that is decodable.  Throws data_error, saying what is wrong where, and out_of_memory; rows are then in any state.
  void decode(std::span<const std::byte> bytes, const JpegHeader &header, int32_t shrink, uint8_t *rows,
              int64_t row_stride);

 private:
  const CodecFunctions &functions_;
  void *const decoder_;
};

}  // namespace penstock::core
