#include "core/image/image_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace penstock::core {
namespace {

constexpr int32_t largest_side = 65535;

// The beginning of each message: "step 2 (normalize): ".
std::string place(const ImageStep &step, int64_t index) {
  return text("step ", index, " (", image_step_name(step.kind), "): ");
}

void require_sides(const ImageStep &step, int64_t index, bool shorter_alone) {
  const bool height_fits = step.height >= 1 && step.height <= largest_side;
  const bool width_fits = (step.width >= 1 || (shorter_alone && step.width == 0)) && step.width <= largest_side;
  if (!height_fits || !width_fits)
    fail(Status::invalid_argument, place(step, index), "size is ", step.height, " x ", step.width, ": expected 1 to ",
         largest_side, " each (height, width)");
}

void require_filter(const ImageStep &step, int64_t index) {
  const auto filter = static_cast<int32_t>(step.filter);
  if (filter < 0 || filter > static_cast<int32_t>(ImageFilter::area))
    fail(Status::invalid_argument, place(step, index), "filter is ", filter,
         ": expected 0 (bilinear), 1 (bicubic) or 2 (area)");
}

void require_padding(const ImageStep &step, int64_t index) {
  for (const int32_t pixels : step.padding)
    if (pixels < 0 || pixels > largest_side)
      fail(Status::invalid_argument, place(step, index), "padding is ", pixels, ": expected 0 to ", largest_side);
}

void require_probability(const ImageStep &step, int64_t index) {
  if (!(step.probability >= 0 && step.probability <= 1))
    fail(Status::invalid_argument, place(step, index), "probability is ", step.probability, ": expected 0 to 1");
}

void require_range(const ImageStep &step, int64_t index, std::string_view name, const std::array<double, 2> &range,
                   double highest) {
  constexpr double least = 1e-6;
  if (!(range[0] >= least && range[0] <= range[1] && range[1] <= highest))
    fail(Status::invalid_argument, place(step, index), name, " is ", range[0], " to ", range[1], ": expected ", least,
         " to ", highest, ", the lower one first");
}

void require_numbers(const ImageStep &step, int64_t index) {
  if (step.channels < 1 || step.channels > max_image_channels)
    fail(Status::invalid_argument, place(step, index), "channels is ", step.channels, ": expected 1 to ",
         max_image_channels);
  for (int32_t channel = 0; channel < step.channels; ++channel) {
    const double mean = step.mean[static_cast<size_t>(channel)];
    const double deviation = step.standard_deviation[static_cast<size_t>(channel)];
    if (!std::isfinite(mean))
      fail(Status::invalid_argument, place(step, index), "mean[", channel, "] is ", mean, ": expected a finite number");
    if (!std::isfinite(deviation) || deviation == 0)
      fail(Status::invalid_argument, place(step, index), "standard_deviation[", channel, "] is ", deviation,
           ": expected a finite number, not 0");
  }
}

void require_values(const ImageStep &step, int64_t index) {
  switch (step.kind) {
    case ImageStepKind::resize: require_sides(step, index, true); return require_filter(step, index);
    case ImageStepKind::center_crop: return require_sides(step, index, false);
    case ImageStepKind::random_crop: require_sides(step, index, false); return require_padding(step, index);
    case ImageStepKind::random_resized_crop:
      require_sides(step, index, false);
      require_filter(step, index);
      require_range(step, index, "scale", step.scale, 1);
      return require_range(step, index, "ratio", step.ratio, 1e6);
    case ImageStepKind::horizontal_flip:
    case ImageStepKind::vertical_flip: return require_probability(step, index);
    case ImageStepKind::pad: return require_padding(step, index);
    case ImageStepKind::grey:
    case ImageStepKind::to_dtype: return;
    case ImageStepKind::normalize: return require_numbers(step, index);
  }
  fail(Status::invalid_argument, "step ", index, " has kind ", static_cast<int32_t>(step.kind), ": expected 1 to 10");
}

bool changes_levels(const ImageStep &step) {
  switch (step.kind) {
    case ImageStepKind::resize:
    case ImageStepKind::random_resized_crop:
    case ImageStepKind::pad:
    case ImageStepKind::grey: return true;
    case ImageStepKind::random_crop:
      return std::any_of(step.padding.begin(), step.padding.end(), [](int32_t pixels) { return pixels != 0; });
    default: return false;
  }
}

bool is_possible(DType dtype) {
  return dtype == DType::uint8 || dtype == DType::float16 || dtype == DType::bfloat16 || dtype == DType::float32 ||
         dtype == DType::float64;
}

DType dtype_after(const ImageStep &step, int64_t index, DType dtype) {
  if (step.kind == ImageStepKind::normalize && dtype == DType::uint8)
    fail(Status::invalid_argument, place(step, index),
         "levels are no numbers yet: put a step to_dtype before it, which scales them to 0 to 1 or keeps 0 to 255");
  if (step.kind != ImageStepKind::to_dtype) return dtype;
  if (!is_possible(step.dtype))
    fail(Status::invalid_argument, place(step, index), "dtype is ",
         find_dtype_info(step.dtype) != nullptr ? dtype_name(step.dtype) : "unknown",
         ": expected uint8, float16, bfloat16, float32 or float64");
  if (step.dtype == DType::uint8 && (dtype != DType::uint8 || step.scale_levels))
    fail(Status::invalid_argument, place(step, index),
         "dtype is uint8: numbers are not made levels again, nor scaled so");
  return step.dtype;
}

int32_t checked_side(int64_t side, const ImageStep &step, int64_t index) {
  if (side > std::numeric_limits<int32_t>::max())
    fail(Status::invalid_argument, place(step, index), "makes a side of ", side, " pixels: expected up to ",
         std::numeric_limits<int32_t>::max());
  return static_cast<int32_t>(std::max<int64_t>(side, 1));
}

ImageShape padded(const ImageStep &step, int64_t index, ImageShape shape) {
  shape.width = checked_side(int64_t{shape.width} + step.padding[0] + step.padding[2], step, index);
  shape.height = checked_side(int64_t{shape.height} + step.padding[1] + step.padding[3], step, index);
  return shape;
}

ImageShape cropped(const ImageStep &step, int64_t index, ImageShape shape) {
  if (step.height > shape.height || step.width > shape.width)
    fail(Status::invalid_argument, place(step, index), "a crop of ", step.height, " x ", step.width,
         " does not fit into an image of ", shape.height, " x ", shape.width, " (height, width)");
  return {step.height, step.width, shape.channels};
}

ImageShape resized(const ImageStep &step, int64_t index, ImageShape shape) {
  if (step.width != 0) return {step.height, step.width, shape.channels};
  const int32_t shorter = std::min(shape.height, shape.width), longer = std::max(shape.height, shape.width);
  const int32_t other = checked_side(int64_t{step.height} * longer / shorter, step, index);
  if (shape.height <= shape.width) return {step.height, other, shape.channels};
  return {other, step.height, shape.channels};
}

}  // namespace

std::string_view image_step_name(ImageStepKind kind) {
  switch (kind) {
    case ImageStepKind::resize: return "resize";
    case ImageStepKind::center_crop: return "center_crop";
    case ImageStepKind::random_crop: return "random_crop";
    case ImageStepKind::random_resized_crop: return "random_resized_crop";
    case ImageStepKind::horizontal_flip: return "horizontal_flip";
    case ImageStepKind::vertical_flip: return "vertical_flip";
    case ImageStepKind::pad: return "pad";
    case ImageStepKind::grey: return "grey";
    case ImageStepKind::to_dtype: return "to_dtype";
    case ImageStepKind::normalize: return "normalize";
  }
  return "unknown";
}

DType check_image_steps(std::span<const ImageStep> steps) {
  DType dtype = DType::uint8;
  const ImageStep *first_of_value = nullptr;
  for (size_t at = 0; at < steps.size(); ++at) {
    const ImageStep &step = steps[at];
    const auto index = static_cast<int64_t>(at);
    require_values(step, index);
    if (first_of_value != nullptr && changes_levels(step))
      fail(Status::invalid_argument, place(step, index), "it works on levels: put it before ",
           image_step_name(first_of_value->kind), ", which makes numbers of them");
    dtype = dtype_after(step, index, dtype);
    const bool is_of_value = step.kind == ImageStepKind::to_dtype || step.kind == ImageStepKind::normalize;
    if (is_of_value && first_of_value == nullptr) first_of_value = &step;
  }
  return dtype;
}

ImageShape shape_after(const ImageStep &step, int64_t index, ImageShape shape) {
  switch (step.kind) {
    case ImageStepKind::resize: return resized(step, index, shape);
    case ImageStepKind::center_crop: return cropped(step, index, shape);
    case ImageStepKind::random_crop: return cropped(step, index, padded(step, index, shape));
    case ImageStepKind::random_resized_crop: return {step.height, step.width, shape.channels};
    case ImageStepKind::pad: return padded(step, index, shape);
    case ImageStepKind::grey: return {shape.height, shape.width, 1};
    case ImageStepKind::normalize:
      if (step.channels != 1 && step.channels != shape.channels)
        fail(Status::invalid_argument, place(step, index), "numbers for ", step.channels,
             " channels, but the image has ", shape.channels);
      return shape;
    default: return shape;
  }
}

}  // namespace penstock::core
