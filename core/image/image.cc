#include "core/image/image.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/image/exif.h"
#include "core/image/jpeg.h"
#include "core/image/pixels.h"
#include "core/image/png.h"
#include "core/io/deflate.h"

namespace penstock::core {
namespace {

constexpr int64_t most_pixels = int64_t{1} << 40;  // so that sizes in bytes stay far from overflow

ImageFormat find_format(std::span<const std::byte> bytes) {
  constexpr uint8_t jpeg_begin[3] = {0xFF, 0xD8, 0xFF};
  const auto begins_with = [&](std::span<const uint8_t> begin) {
    return bytes.size() >= begin.size() && std::memcmp(bytes.data(), begin.data(), begin.size()) == 0;
  };
  if (begins_with(jpeg_begin)) return ImageFormat::jpeg;
  if (begins_with(png_signature)) return ImageFormat::png;
  if (bytes.empty()) fail(Status::data_error, "neither a JPEG nor a PNG: there are 0 bytes");
  std::string begin;
  for (const std::byte byte : bytes.first(std::min<size_t>(bytes.size(), 8)))
    begin += text(begin.empty() ? "" : " ", static_cast<int32_t>(byte));
  fail(Status::data_error, "neither a JPEG nor a PNG: its ", bytes.size(), " bytes begin with ", begin);
}

int32_t divide_up(int32_t size, int32_t divisor) { return size / divisor + (size % divisor != 0 ? 1 : 0); }

}  // namespace

std::string_view image_format_name(ImageFormat format) { return format == ImageFormat::jpeg ? "JPEG" : "PNG"; }

void require_usable(const ImageDecodeOptions &options) {
  const int32_t shrink = options.shrink;
  if (shrink != 1 && shrink != 2 && shrink != 4 && shrink != 8)
    fail(Status::invalid_argument, "shrink is ", shrink, ": expected 1, 2, 4 or 8");
  if (options.largest_pixels < 1 || options.largest_pixels > most_pixels)
    fail(Status::invalid_argument, "largest_pixels is ", options.largest_pixels, ": expected 1 to ", most_pixels);
}

ImageInfo read_image_info(std::span<const std::byte> bytes) {
  ImageInfo info;
  info.format = find_format(bytes);
  if (info.format == ImageFormat::jpeg) {
    const JpegHeader header = read_jpeg_header(bytes);
    info.width = header.width;
    info.height = header.height;
    info.channels = header.components;
    info.bits = header.bits;
    info.orientation = exif_orientation(header.exif);
  } else {
    const PngHeader header = read_png_header(bytes);
    info.width = header.width;
    info.height = header.height;
    info.channels = header.channels();
    info.bits = header.bits;
    info.orientation = exif_orientation(header.exif);
  }
  return info;
}

void require_decodable(const ImageInfo &info, const ImageDecodeOptions &options, std::span<const std::byte> bytes) {
  const int64_t pixels = int64_t{info.width} * info.height;
  if (pixels > options.largest_pixels)
    fail(Status::data_error, image_format_name(info.format), ": of ", info.width, " x ", info.height,
         " pixels: more than ", options.largest_pixels, ", which largest_pixels allows");
  if (info.format == ImageFormat::jpeg) return require_decodable(read_jpeg_header(bytes), bytes.size());
  const auto packed = static_cast<uint64_t>(pixels) * static_cast<uint64_t>(info.bits) / 8 / largest_inflation;
  if (packed > bytes.size())
    fail(Status::data_error, "PNG: cut short: ", info.width, " x ", info.height, " pixels take more than its ",
         bytes.size(), " bytes");
}

ImageView decoded_image(const ImageInfo &info, const ImageDecodeOptions &options) {
  ImageView image;
  const int32_t shrink = info.format == ImageFormat::jpeg ? options.shrink : 1;
  image.width = divide_up(info.width, shrink);
  image.height = divide_up(info.height, shrink);
  if (options.apply_orientation && info.orientation >= 5) std::swap(image.width, image.height);
  image.channels = options.colour == ImageColour::stored ? info.channels : options.colour == ImageColour::grey ? 1 : 3;
  image.row_stride = int64_t{image.width} * image.channels;
  return image;
}

ImageDecoder::ImageDecoder() = default;
ImageDecoder::ImageDecoder(ImageDecoder &&) noexcept = default;
ImageDecoder &ImageDecoder::operator=(ImageDecoder &&) noexcept = default;
ImageDecoder::~ImageDecoder() = default;

void ImageDecoder::decode_stored(std::span<const std::byte> bytes, const ImageInfo &info, int32_t shrink, uint8_t *rows,
                                 int64_t row_stride) {
  if (info.format == ImageFormat::jpeg) {
    if (jpeg_ == nullptr) jpeg_ = std::make_unique<JpegDecoder>();
    jpeg_->decode(bytes, read_jpeg_header(bytes), shrink, rows, row_stride);
  } else {
    if (png_ == nullptr) png_ = std::make_unique<PngDecoder>();
    png_->decode(bytes, read_png_header(bytes), rows, row_stride);
  }
}

void ImageDecoder::decode_read(std::span<const std::byte> bytes, const ImageInfo &info,
                               const ImageDecodeOptions &options, uint8_t *rows, int64_t row_stride) {
  const int32_t orientation = options.apply_orientation ? info.orientation : 1;
  const int32_t channels = decoded_image(info, options).channels;
  if (orientation == 1 && channels == info.channels)
    return decode_stored(bytes, info, options.shrink, rows, row_stride);
  ImageDecodeOptions as_stored = options;
  as_stored.colour = ImageColour::stored;
  as_stored.apply_orientation = false;
  ImageView stored = decoded_image(info, as_stored);
  const auto size = static_cast<size_t>(stored.row_stride * stored.height);
  if (stored_.size() < size) stored_.resize(size);
  stored.pixels = stored_.data();
  decode_stored(bytes, info, options.shrink, stored_.data(), stored.row_stride);
  place_pixels(rows, row_stride, channels, stored, orientation);
}

ImageView ImageDecoder::decode(std::span<const std::byte> bytes, const ImageDecodeOptions &options) {
  require_usable(options);
  const ImageInfo info = read_image_info(bytes);
  require_decodable(info, options, bytes);
  ImageView image = decoded_image(info, options);
  const auto size = static_cast<size_t>(image.row_stride * image.height);
  if (pixels_.size() < size) pixels_.resize(size);
  image.pixels = pixels_.data();
  decode_read(bytes, info, options, pixels_.data(), image.row_stride);
  return image;
}

void ImageDecoder::decode_into(std::span<const std::byte> bytes, const ImageDecodeOptions &options, uint8_t *rows,
                               int64_t row_stride) {
  require_usable(options);
  const ImageInfo info = read_image_info(bytes);
  require_decodable(info, options, bytes);
  decode_read(bytes, info, options, rows, row_stride);
}

}  // namespace penstock::core
