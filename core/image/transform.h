// A list of steps from a decoded image to the numbers that a network eats: checked once when it is made, then applied to
// any number of images, by any number of threads.
//
// Steps come in two kinds.  Those of space (resize, crops, flips, pad, grey) make levels from 0 to 255 out of levels; those of
// value (to_dtype, normalize) make a number of each level.  Crops and flips may stand anywhere; resize, random_resized_crop,
// pad, a random_crop with padding, and grey stand before the first step of value.  Numbers are computed in double precision and
// rounded once, to the dtype that comes out.
//
// What is random is a pure function of (seed, epoch, sample, place in the list): image_draw.h has the scheme.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/image/image.h"
#include "core/image/resample.h"
#include "core/tensor/dtype.h"

namespace penstock::core {

// The same numbers as ps_image_step_kind.
enum class ImageStepKind : int32_t {
  resize = 1,
  center_crop = 2,
  random_crop = 3,
  random_resized_crop = 4,
  horizontal_flip = 5,
  vertical_flip = 6,
  pad = 7,
  grey = 8,
  to_dtype = 9,
  normalize = 10,
};

// The same numbers as ps_image_filter.
enum class ImageFilter : int32_t { bilinear = 0, bicubic = 1, area = 2 };

inline constexpr int32_t max_image_channels = 4;

// One step; each kind reads the fields that its line names.
struct ImageStep {
  ImageStepKind kind = ImageStepKind::resize;
  // resize: both, or the shorter side alone where width is 0; crops: both.
  int32_t height = 0;
  int32_t width = 0;
  ImageFilter filter = ImageFilter::bilinear;  // resize, random_resized_crop
  bool antialias = true;                       // resize, random_resized_crop: as Pillow; false as torch's interpolate()
  std::array<int32_t, 4> padding = {};         // pad, random_crop: left, top, right, bottom
  std::array<uint8_t, 4> fill = {};            // pad, random_crop: the level of each channel
  double probability = 0.5;                    // flips
  std::array<double, 2> scale = {0.08, 1.0};   // random_resized_crop: of the image's area, lowest and highest
  std::array<double, 2> ratio = {3.0 / 4, 4.0 / 3};  // random_resized_crop: of width to height, lowest and highest
  DType dtype = DType::float32;                      // to_dtype: uint8, float16, bfloat16, float32 or float64
  bool scale_levels = false;                         // to_dtype: 0 to 255 becomes 0 to 1
  int32_t channels = 0;                              // normalize: how many of the next two there are: 1 (for all) to 4
  std::array<double, 4> mean = {};                   // normalize: (number - mean) / standard_deviation
  std::array<double, 4> standard_deviation = {};
};

// What random choices are made from.
struct ImageRandomness {
  uint64_t seed = 0;
  uint64_t epoch = 0;
  uint64_t sample = 0;
};

struct ImageShape {
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
  friend bool operator==(const ImageShape &, const ImageShape &) = default;
};

// Where the numbers of one image go: channel c of the pixel (y, x) is element
// y * strides[0] + x * strides[1] + c * strides[2] of data, of the transforms' dtype.
struct ImageTarget {
  void *data = nullptr;
  std::array<int64_t, 3> strides = {};
};

// What one thread needs beside: memory that grows to what the largest image took.
struct ImageRoom {
  std::array<std::vector<uint8_t>, 2> pixels;  // a picture between two steps, and the one before
  ResampleRoom resample;
};

// Any number of threads; never changes once it is made.
class ImageTransforms {
 public:
  // An empty list leaves levels as they are.  Throws invalid_argument naming the step and its value.
  explicit ImageTransforms(std::span<const ImageStep> steps);

  std::span<const ImageStep> steps() const { return steps_; }
  DType dtype() const { return dtype_; }

  // The shape that comes out for an image of a shape; the same whatever is drawn.  Throws invalid_argument where a step
  // cannot take it: a crop larger than the image, more channels than normalize has numbers for.
  ImageShape output_shape(ImageShape input) const;

  // The height and width of every image that comes out, where they do not depend on what goes in.
  std::optional<std::array<int32_t, 2>> fixed_size() const;

  // Writes the image that comes out, of output_shape() of its own shape.  full_size: where the image was decoded smaller, as
  // usable_shrink() allows, the height and width that it has.  Throws as output_shape() does, and out_of_memory.
  void apply(const ImageTarget &target, const ImageView &image, const ImageRandomness &randomness, ImageRoom &room,
             std::optional<std::array<int32_t, 2>> full_size = std::nullopt) const;

  // By how much a JPEG of a height and width may be decoded smaller in good quality: 1, 2, 4 or 8.  Above 1 only where the
  // first step is a resize that weighs all pixels, to at most half of what is then decoded.
  int32_t usable_shrink(int32_t height, int32_t width) const;

 private:
  std::vector<ImageStep> steps_;
  DType dtype_ = DType::uint8;
  std::vector<std::byte> table_;  // the number of each channel's 256 levels; empty where levels stay
};

// How an encoded image is decoded for a list of steps, and what comes out.
struct ImagePlan {
  ImageDecodeOptions decode;                        // what decode() is to be given
  ImageShape shape;                                 // what apply() writes
  std::optional<std::array<int32_t, 2>> full_size;  // what apply() is to be given
};

// Of an image's header alone.  scaled_decode: a JPEG may be decoded smaller where usable_shrink() says so.  Throws as
// output_shape() does.
ImagePlan plan_image(const ImageInfo &info, const ImageDecodeOptions &decode, const ImageTransforms &transforms,
                     bool scaled_decode);

}  // namespace penstock::core
