// What the random steps of images draw, and what they make of it: pure functions, the same bits on every machine.
//
// The scheme is pinned: step number s (from 0) of the image (seed, epoch, sample) draws its value k at index 64 s + k of the
// stream {seed of the epoch, sample}; the seed of the epoch is the 64-bit value epoch of the stream {seed, "image"}.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/random.h"

namespace penstock::core {

struct ImageRandomness;

class ImageDraw {
 public:
  ImageDraw(const ImageRandomness &randomness, int64_t step);

  bool happens(double probability);  // a flip
  int32_t below(int64_t count);      // from 0 to count - 1
  double between(double lowest, double highest);

 private:
  RandomStream stream_;
  uint64_t index_;
};

struct ImageCrop {
  int32_t top = 0;
  int32_t left = 0;
  int32_t height = 0;
  int32_t width = 0;
};

// A crop of a share of the picture's area between the two scales and of a width-to-height ratio between the two ratios, drawn
// uniformly in area and in the ratio's logarithm: ten tries, then the largest in the middle that keeps the ratios.  The
// algorithm that torchvision documents for RandomResizedCrop.
ImageCrop draw_resized_crop(ImageDraw &draw, int32_t height, int32_t width, const std::array<double, 2> &scale,
                            const std::array<double, 2> &ratio);

}  // namespace penstock::core
