#include "core/image/picture.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/image/pixels.h"

namespace penstock::core {
namespace {

// One channel of a row after the other: in channels-first order each of them is one stretch of memory.
template <typename Bits>
void write_numbers(Bits *to, const std::array<int64_t, 3> &strides, const uint8_t *row, int32_t width, int32_t channels,
                   const Bits *table) {
  for (int32_t channel = 0; channel < channels; ++channel) {
    Bits *out = to + channel * strides[2];
    const Bits *numbers = table + int64_t{channel} * 256;
    const uint8_t *levels = row + channel;
    if (strides[1] == 1)
      for (int64_t x = 0; x < width; ++x) out[x] = numbers[levels[x * channels]];
    else
      for (int64_t x = 0; x < width; ++x) out[x * strides[1]] = numbers[levels[x * channels]];
  }
}

void write_levels(uint8_t *to, const std::array<int64_t, 3> &strides, const uint8_t *row, int32_t width,
                  int32_t channels) {
  if (strides[1] == channels && strides[2] == 1) {
    std::memcpy(to, row, static_cast<size_t>(int64_t{width} * channels));
    return;
  }
  for (int64_t x = 0; x < width; ++x)
    for (int64_t channel = 0; channel < channels; ++channel)
      to[x * strides[1] + channel * strides[2]] = row[x * channels + channel];
}

void write_row(void *data, int64_t offset, const std::array<int64_t, 3> &strides, const uint8_t *row, int32_t width,
               int32_t channels, const LevelTable &table) {
  const auto write_as = [&]<typename Bits>(Bits) {
    write_numbers(static_cast<Bits *>(data) + offset, strides, row, width, channels,
                  reinterpret_cast<const Bits *>(table.numbers));
  };
  if (table.numbers == nullptr)
    return write_levels(static_cast<uint8_t *>(data) + offset, strides, row, width, channels);
  if (table.size == 2) return write_as(uint16_t{});
  if (table.size == 4) return write_as(uint32_t{});
  write_as(uint64_t{});
}

}  // namespace

Picture::Picture(const ImageView &image, ImageRoom &room)
    : image_(image), room_(room), window_{0, 0, image.height, image.width} {}

void Picture::show(const ImageView &image) {
  image_ = image;
  resize_.reset();
  window_ = {0, 0, image.height, image.width};
  mirrored_ = upside_down_ = false;
}

void Picture::crop(int32_t top, int32_t left, int32_t height, int32_t width) {
  window_.top += upside_down_ ? window_.height - top - height : top;
  window_.left += mirrored_ ? window_.width - left - width : left;
  window_.height = height;
  window_.width = width;
}

ImageView Picture::shown() const {
  ImageView view = image_;
  view.pixels += window_.top * image_.row_stride + int64_t{window_.left} * image_.channels;
  view.height = window_.height;
  view.width = window_.width;
  return view;
}

// Memory that does not hold image_.
uint8_t *Picture::next_pixels(int64_t size) {
  std::swap(room_.pixels[0], room_.pixels[1]);
  if (room_.pixels[0].size() < static_cast<size_t>(size)) room_.pixels[0].resize(static_cast<size_t>(size));
  return room_.pixels[0].data();
}

// Computes what was put off, so that image_ is the picture.
void Picture::settle() {
  const bool is_whole = window_.height == image_.height && window_.width == image_.width;
  if (!resize_ && !mirrored_ && !upside_down_) {
    if (!is_whole) show(shown());
    return;
  }
  pad({}, {});
}

void Picture::pad(const std::array<int32_t, 4> &padding, const std::array<uint8_t, 4> &fill) {
  const auto [left, top, right, bottom] = padding;
  ImageView made;
  made.channels = image_.channels;
  made.height = window_.height + top + bottom;
  made.width = window_.width + left + right;
  made.row_stride = int64_t{made.width} * made.channels;
  uint8_t *pixels = next_pixels(made.row_stride * made.height);
  made.pixels = pixels;
  if (left + right + top + bottom != 0)
    for (int64_t at = 0; at < made.row_stride * made.height; ++at)
      pixels[at] = fill[static_cast<size_t>(at % made.channels)];
  write({pixels + top * made.row_stride + int64_t{left} * made.channels, {made.row_stride, made.channels, 1}}, {});
  show(made);
}

void Picture::turn_grey() {
  if (image_.channels == 1) return;
  settle();
  ImageView made = image_;
  made.channels = 1;
  made.row_stride = image_.width;
  uint8_t *pixels = next_pixels(made.row_stride * made.height);
  made.pixels = pixels;
  place_pixels(pixels, made.row_stride, 1, image_, 1);
  show(made);
}

void Picture::resize(int32_t height, int32_t width, ImageFilter filter, bool antialias,
                     std::optional<std::array<double, 2>> extent) {
  settle();
  const std::array<double, 2> all = {static_cast<double>(image_.height), static_cast<double>(image_.width)};
  resize_ = {height, width, filter, antialias, extent.value_or(all)};
  window_ = {0, 0, height, width};
}

void Picture::write(const ImageTarget &target, const LevelTable &table) const {
  // Flips are steps that go the other way.
  const auto [down, right, channel] = target.strides;
  const int64_t first =
      (upside_down_ ? down * (window_.height - 1) : 0) + (mirrored_ ? right * (window_.width - 1) : 0);
  const int64_t row_step = upside_down_ ? -down : down;
  const std::array<int64_t, 3> strides = {row_step, mirrored_ ? -right : right, channel};
  const auto sink = [&](int64_t y, const uint8_t *row) {
    write_row(target.data, first + y * row_step, strides, row, window_.width, image_.channels, table);
  };
  if (!resize_) {
    const ImageView view = shown();
    for (int64_t y = 0; y < view.height; ++y) sink(y, view.pixels + y * view.row_stride);
    return;
  }
  const ResampleAxis rows = {image_.height, resize_->extent[0], resize_->height, window_.top, window_.height};
  const ResampleAxis columns = {image_.width, resize_->extent[1], resize_->width, window_.left, window_.width};
  resample(image_, rows, columns, resize_->filter, resize_->antialias, room_.resample, sink);
}

}  // namespace penstock::core
