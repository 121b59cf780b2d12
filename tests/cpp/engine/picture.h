// A picture for tests of what draws: memory with a canvas over it, between guards that drawing must not touch.
#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/worlds/canvas.h"

namespace penstock::core {

class Picture {
 public:
  // Black.
  Picture(int32_t width, int32_t height)
      : memory_(2 * guard + static_cast<size_t>(width) * static_cast<size_t>(height) * 3, 0xa5),
        canvas_(memory_.data() + guard, width, height) {
    canvas_.fill({0, 0, 0});
  }
  Picture(const Picture &) = delete;
  Picture &operator=(const Picture &) = delete;
  ~Picture() {
    EXPECT_THAT(std::vector<uint8_t>(memory_.begin(), memory_.begin() + guard), ::testing::Each(0xa5));
    EXPECT_THAT(std::vector<uint8_t>(memory_.end() - guard, memory_.end()), ::testing::Each(0xa5));
  }

  Canvas &canvas() { return canvas_; }
  int32_t width() const { return canvas_.width(); }
  int32_t height() const { return canvas_.height(); }
  std::vector<uint8_t> bytes() const { return {memory_.begin() + guard, memory_.end() - guard}; }

  Colour pixel(int32_t x, int32_t y) const {
    const uint8_t *at = memory_.data() + guard + (y * width() + x) * 3;
    return {at[0], at[1], at[2]};
  }

  // The red of each pixel, a row a string: "." for 0, "#" for 255, else the first of two hexadecimal digits.
  std::vector<std::string> rows() const {
    std::vector<std::string> rows(static_cast<size_t>(height()));
    for (int32_t y = 0; y < height(); ++y) {
      for (int32_t x = 0; x < width(); ++x) {
        const uint8_t red = pixel(x, y).red;
        rows[static_cast<size_t>(y)] += red == 0 ? '.' : red == 255 ? '#' : "0123456789abcdef"[red / 16];
      }
    }
    return rows;
  }

  // How many pixels white shapes cover, as their red says.
  double covered() const {
    double sum = 0;
    for (int32_t y = 0; y < height(); ++y)
      for (int32_t x = 0; x < width(); ++x) sum += pixel(x, y).red;
    return sum / 255;
  }

 private:
  static constexpr int64_t guard = 4096;
  std::vector<uint8_t> memory_;
  PixelCanvas canvas_;
};

}  // namespace penstock::core
