// Encoded images (JPEG, PNG) to pixels: 8 bits a channel, row by row, channels last.
//
// JPEG is decoded by a plug-in, libcore_jpeg.so, opened with the first one that is met.  Bytes are untrusted: every size is
// checked before memory is taken for it, and a damaged image is an error, never half a picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace penstock::core {

enum class ImageFormat : int32_t { jpeg = 1, png = 2 };
std::string_view image_format_name(ImageFormat format);

// What the pixels are wanted as; the same numbers as ps_image_colour.
enum class ImageColour : int32_t {
  rgb = 0,     // 3 channels: grey is repeated, alpha is dropped
  grey = 1,    // 1 channel: colour by (19595 R + 38470 G + 7471 B + 32768) / 65536, alpha is dropped
  stored = 2,  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, as the file has it; a palette becomes 3 or 4
};

// What stands in an image's header.
struct ImageInfo {
  ImageFormat format = ImageFormat::jpeg;
  int32_t width = 0;  // pixels, as stored: before the orientation is applied
  int32_t height = 0;
  int32_t channels = 0;     // what ImageColour::stored gives
  int32_t bits = 8;         // of a channel in the file, 1 to 16; pixels always come with 8
  int32_t orientation = 1;  // EXIF's, 1 to 8; 1 (upright) where the file has none
  // Both sizes as they are seen once the orientation is applied.
  int32_t upright_width() const { return orientation >= 5 ? height : width; }
  int32_t upright_height() const { return orientation >= 5 ? width : height; }
};

struct ImageDecodeOptions {
  ImageColour colour = ImageColour::rgb;
  bool apply_orientation = false;  // turn and mirror the pixels as EXIF's orientation says
  int32_t shrink = 1;  // JPEG: 1, 2, 4 or 8: decode at that fraction of both sizes, rounded up; PNG: ignored
  int64_t largest_pixels = 178956970;  // width times height beyond this is refused before memory is taken; up to 2^40
};

// Throws invalid_argument for a value outside its range.
void require_usable(const ImageDecodeOptions &options);

// Pixels somewhere: channel c of the pixel (y, x) is pixels[y * row_stride + x * channels + c].
struct ImageView {
  const uint8_t *pixels = nullptr;
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
  int64_t row_stride = 0;  // bytes
};

// Reads the header alone, without a plug-in: only bytes are looked at.  Throws data_error where they are neither a JPEG nor
// a PNG, or the header is damaged or cut short.
ImageInfo read_image_info(std::span<const std::byte> bytes);

class JpegDecoder;
class PngDecoder;

// One thread's decoder; what it allocates it keeps for the next image.
class ImageDecoder {
 public:
  ImageDecoder();
  ImageDecoder(ImageDecoder &&) noexcept;
  ImageDecoder &operator=(ImageDecoder &&) noexcept;
  ~ImageDecoder();

  // Decodes one image into memory of the decoder's, valid until the next call.
  //
  // Throws data_error for what is damaged, cut short, larger than options allow, or of a kind that has no RGB (CMYK, YCCK,
  // 12 bits); unavailable where the plug-in is missing; out_of_memory.  The decoder can be used afterwards.
  ImageView decode(std::span<const std::byte> bytes, const ImageDecodeOptions &options);

  // The same into rows of the caller's, of upright or stored height and width and the channels that options ask for, as
  // decoded_image() says.
  void decode_into(std::span<const std::byte> bytes, const ImageDecodeOptions &options, uint8_t *rows,
                   int64_t row_stride);

 private:
  void decode_stored(std::span<const std::byte> bytes, const ImageInfo &info, int32_t shrink, uint8_t *rows,
                     int64_t row_stride);
  void decode_read(std::span<const std::byte> bytes, const ImageInfo &info, const ImageDecodeOptions &options,
                   uint8_t *rows, int64_t row_stride);

  std::unique_ptr<JpegDecoder> jpeg_;  // made with the first image of its kind
  std::unique_ptr<PngDecoder> png_;
  std::vector<uint8_t> pixels_;
  std::vector<uint8_t> stored_;  // where more has to be done to the pixels than to decode them
};

// Throws data_error where the sizes are more than options allow, or than the bytes of an image can hold.  What is decoded has
// been checked so before memory is taken for its pixels.
void require_decodable(const ImageInfo &info, const ImageDecodeOptions &options, std::span<const std::byte> bytes);

// What decode() gives for an image of this header: sizes and channels, with no pixels.
ImageView decoded_image(const ImageInfo &info, const ImageDecodeOptions &options);

}  // namespace penstock::core
