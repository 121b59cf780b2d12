// A picture between two steps, of which nothing is computed before it must be: crops and flips only say what will be read, and
// a resize computes no more than the crop behind it wants.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/image/transform.h"

namespace penstock::core {

// The numbers of levels: 256 a channel, each of size bytes (1, 2, 4 or 8); null: levels stay, as bytes.
struct LevelTable {
  const std::byte *numbers = nullptr;
  int64_t size = 1;
};

class Picture {
 public:
  Picture(const ImageView &image, ImageRoom &room);

  ImageShape shape() const { return {window_.height, window_.width, image_.channels}; }

  // As the steps say; the caller has checked that they can be.
  void crop(int32_t top, int32_t left, int32_t height, int32_t width);
  void flip_horizontally() { mirrored_ = !mirrored_; }
  void flip_vertically() { upside_down_ = !upside_down_; }
  void pad(const std::array<int32_t, 4> &padding, const std::array<uint8_t, 4> &fill);
  void turn_grey();
  // extent: how many rows and columns the new ones cover, where that is less than there are by a part of one.
  void resize(int32_t height, int32_t width, ImageFilter filter, bool antialias,
              std::optional<std::array<double, 2>> extent = std::nullopt);

  // Computes what is wanted of it, and writes the number of each level.
  void write(const ImageTarget &target, const LevelTable &table) const;

 private:
  struct Resize {
    int32_t height, width;
    ImageFilter filter;
    bool antialias;
    std::array<double, 2> extent;
  };
  struct Window {
    int32_t top, left, height, width;
  };

  ImageView shown() const;  // of image_, what the window shows
  uint8_t *next_pixels(int64_t size);
  void settle();
  void show(const ImageView &image);  // all of it, as it is

  ImageView image_;
  ImageRoom &room_;
  std::optional<Resize> resize_;
  Window window_;  // of the resized picture where there is a resize, otherwise of image_
  bool mirrored_ = false;
  bool upside_down_ = false;
};

}  // namespace penstock::core
