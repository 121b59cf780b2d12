// Resizing by weighted means, one axis after the other, as Pillow does it: first along rows, then down columns (the other way
// where the height shrinks and the width grows), with levels rounded and held to 0 to 255 after each.  Weights are integers in 2^-22ths, so that the result is the same everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/function_reference.h"
#include "core/image/image.h"

namespace penstock::core {

enum class ImageFilter : int32_t;

inline constexpr int32_t resample_precision = 22;  // bits behind the point of a weight

// One axis of a resize: how many pixels there are and shall be, and which of the new ones are wanted.
struct ResampleAxis {
  int32_t size = 0;      // of the old pixels
  double extent = 0;     // how many of them the new ones cover, mostly size
  int32_t new_size = 0;  // of all new ones
  int32_t first = 0;     // of those wanted
  int32_t count = 0;
  bool changes() const { return extent != new_size || size != new_size; }
};

// For each of count new pixels, stride numbers: the first old pixel it is made of, how many, and the weight of each.
struct ResampleWeights {
  std::span<int32_t> numbers;
  int64_t stride = 0;
  const int32_t *of(int64_t index) const { return numbers.data() + index * stride; }
};

struct WeightRoom {
  std::vector<int32_t> numbers;
  std::vector<double> exact;  // of one new pixel
};

// The numbers lie in room until its next use.
//
//   bilinear, bicubic  with antialias Pillow's, bit for bit: a triangle of half-width 1 and Keys' cubic with a = -0.5, both
//                      widened by how much the axis shrinks, cut at the edges; without, never widened, a = -0.75, and pixels
//                      beyond the edge are the one at the edge, as torch's interpolate() does it
//   area               what each old pixel covers of the new one
ResampleWeights find_resample_weights(const ResampleAxis &axis, ImageFilter filter, bool antialias, WeightRoom &room);

// Takes a wanted row: y from 0 to rows.count - 1, and columns.count pixels, valid during the call.
using RowSink = FunctionReference<void(int64_t y, const uint8_t *row)>;

// Memory for resample(); it grows to what the largest resize took.
struct ResampleRoom {
  std::vector<uint8_t> rows;  // those that are resized along themselves alone, and one that is whole
  WeightRoom row_weights;
  WeightRoom column_weights;
};

// Hands over the wanted rows of a resized image, from the top down.  The sizes of the axes are the image's.
void resample(const ImageView &image, const ResampleAxis &rows, const ResampleAxis &columns, ImageFilter filter,
              bool antialias, ResampleRoom &room, RowSink sink);

}  // namespace penstock::core
