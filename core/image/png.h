// PNG images: their chunks, and their pixels by libdeflate.  docs/decisions/0024 says why not by libpng.
#pragma once

#include <libdeflate.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace penstock::core {

inline constexpr uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

// As the file has them.
enum class PngColour : uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgb_alpha = 6 };

struct PngHeader {
  int32_t width = 0;
  int32_t height = 0;
  int32_t bits = 8;  // of a sample
  PngColour colour = PngColour::grey;
  bool interlaced = false;
  std::span<const std::byte> palette;       // 3 bytes an entry
  std::span<const std::byte> transparency;  // of the chunk tRNS; empty: nothing is transparent
  std::span<const std::byte> exif;

  int32_t samples() const;   // of a pixel in the file
  int32_t channels() const;  // of a pixel that is decoded
};

// What stands before and around the pixels; bytes may end behind what holds the sizes.  Throws data_error where they do not
// begin with the signature and a header that PNG allows.
PngHeader read_png_header(std::span<const std::byte> bytes);

// One thread's; keeps its memory for the next image.
class PngDecoder {
 public:
  PngDecoder();

  // Fills height rows of width times channels() bytes.  Every chunk's CRC is checked.  Throws data_error, saying what is wrong
  // where, and out_of_memory; rows are then in any state.
  void decode(std::span<const std::byte> bytes, const PngHeader &header, uint8_t *rows, int64_t row_stride);

 private:
  struct FreeDecompressor {
    void operator()(libdeflate_decompressor *decompressor) const { libdeflate_free_decompressor(decompressor); }
  };

  void gather(std::span<const std::byte> bytes);
  void inflate(uint64_t size);

  std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor_;
  std::vector<uint8_t> packed_;  // the zlib stream that all IDAT chunks make up
  std::vector<uint8_t> raw_;     // its rows, each behind the byte that names its filter
};

}  // namespace penstock::core
