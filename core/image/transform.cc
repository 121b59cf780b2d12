#include "core/image/transform.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/image/image_draw.h"
#include "core/image/image_steps.h"
#include "core/image/picture.h"
#include "core/tensor/element.h"

namespace penstock::core {
namespace {

constexpr size_t levels = 256;

using Numbers = std::array<std::array<double, levels>, max_image_channels>;

Numbers numbers_of(std::span<const ImageStep> steps) {
  Numbers numbers;
  for (auto &channel : numbers)
    for (size_t level = 0; level < levels; ++level) channel[level] = static_cast<double>(level);
  bool scaled = false;
  for (const ImageStep &step : steps) {
    if (step.kind == ImageStepKind::to_dtype && step.scale_levels && !scaled) {
      scaled = true;
      for (auto &channel : numbers)
        for (double &number : channel) number /= 255;
    }
    if (step.kind != ImageStepKind::normalize) continue;
    for (size_t channel = 0; channel < numbers.size(); ++channel) {
      const size_t own = std::min(channel, static_cast<size_t>(step.channels) - 1);
      for (double &number : numbers[channel]) number = (number - step.mean[own]) / step.standard_deviation[own];
    }
  }
  return numbers;
}

template <typename Element>
std::vector<std::byte> stored_numbers(const Numbers &numbers) {
  std::vector<std::byte> table(max_image_channels * levels * sizeof(Element));
  std::byte *to = table.data();
  for (const auto &channel : numbers) {
    for (const double number : channel) {
      const auto element = convert<Element>(number);
      std::memcpy(to, &element, sizeof(element));
      to += sizeof(element);
    }
  }
  return table;
}

std::vector<std::byte> table_of(DType dtype, const Numbers &numbers) {
  switch (dtype) {
    case DType::float16: return stored_numbers<Float16>(numbers);
    case DType::bfloat16: return stored_numbers<BFloat16>(numbers);
    case DType::float32: return stored_numbers<float>(numbers);
    default: return stored_numbers<double>(numbers);
  }
}

// torchvision's: half a pixel goes to the even side.
int32_t centered(int32_t size, int32_t part) { return static_cast<int32_t>(std::nearbyint((size - part) / 2.0)); }

void crop_anywhere(Picture &picture, const ImageStep &step, ImageDraw &draw) {
  if (step.padding != std::array<int32_t, 4>{}) picture.pad(step.padding, step.fill);
  const ImageShape shape = picture.shape();
  const int32_t top = draw.below(int64_t{shape.height} - step.height + 1);
  const int32_t left = draw.below(int64_t{shape.width} - step.width + 1);
  picture.crop(top, left, step.height, step.width);
}

void crop_and_resize(Picture &picture, const ImageStep &step, ImageDraw &draw) {
  const ImageShape shape = picture.shape();
  const ImageCrop crop = draw_resized_crop(draw, shape.height, shape.width, step.scale, step.ratio);
  picture.crop(crop.top, crop.left, crop.height, crop.width);
  picture.resize(step.height, step.width, step.filter, step.antialias);
}

void apply_step(Picture &picture, const ImageStep &step, int64_t index, ImageDraw draw) {
  const ImageShape shape = picture.shape();
  switch (step.kind) {
    case ImageStepKind::resize: {
      const ImageShape made = shape_after(step, index, shape);
      return picture.resize(made.height, made.width, step.filter, step.antialias);
    }
    case ImageStepKind::center_crop:
      return picture.crop(centered(shape.height, step.height), centered(shape.width, step.width), step.height,
                          step.width);
    case ImageStepKind::random_crop: return crop_anywhere(picture, step, draw);
    case ImageStepKind::random_resized_crop: return crop_and_resize(picture, step, draw);
    case ImageStepKind::horizontal_flip:
      if (draw.happens(step.probability)) picture.flip_horizontally();
      return;
    case ImageStepKind::vertical_flip:
      if (draw.happens(step.probability)) picture.flip_vertically();
      return;
    case ImageStepKind::pad: return picture.pad(step.padding, step.fill);
    case ImageStepKind::grey: return picture.turn_grey();
    case ImageStepKind::to_dtype:
    case ImageStepKind::normalize: return;  // in the table
  }
}

// A picture that was decoded smaller covers its pixels but for a part of the last ones.
void resize_shrunk(Picture &picture, const ImageStep &step, const std::array<int32_t, 2> &full_size) {
  const ImageShape shape = picture.shape();
  const ImageShape made = shape_after(step, 0, {full_size[0], full_size[1], shape.channels});
  int32_t shrink = 1;
  while (shrink < 8 && int64_t{shape.height} * shrink < full_size[0]) shrink *= 2;
  while (shrink < 8 && int64_t{shape.width} * shrink < full_size[1]) shrink *= 2;
  const std::array<double, 2> extent = {static_cast<double>(full_size[0]) / shrink,
                                        static_cast<double>(full_size[1]) / shrink};
  picture.resize(made.height, made.width, step.filter, step.antialias, extent);
}

}  // namespace

ImageTransforms::ImageTransforms(std::span<const ImageStep> steps)
    : steps_(steps.begin(), steps.end()), dtype_(check_image_steps(steps)) {
  if (dtype_ != DType::uint8) table_ = table_of(dtype_, numbers_of(steps));
}

ImageShape ImageTransforms::output_shape(ImageShape input) const {
  ImageShape shape = input;
  for (size_t index = 0; index < steps_.size(); ++index)
    shape = shape_after(steps_[index], static_cast<int64_t>(index), shape);
  return shape;
}

std::optional<std::array<int32_t, 2>> ImageTransforms::fixed_size() const {
  std::optional<ImageShape> shape;
  for (size_t at = 0; at < steps_.size(); ++at) {
    const ImageStep &step = steps_[at];
    const bool makes_its_own = step.kind == ImageStepKind::center_crop || step.kind == ImageStepKind::random_crop ||
                               step.kind == ImageStepKind::random_resized_crop ||
                               (step.kind == ImageStepKind::resize && step.width != 0);
    if (makes_its_own)
      shape = {step.height, step.width, 1};
    else if (shape && (step.kind == ImageStepKind::resize || step.kind == ImageStepKind::pad))
      shape = shape_after(step, static_cast<int64_t>(at), *shape);
  }
  if (!shape) return std::nullopt;
  return std::array<int32_t, 2>{shape->height, shape->width};
}

void ImageTransforms::apply(const ImageTarget &target, const ImageView &image, const ImageRandomness &randomness,
                            ImageRoom &room, std::optional<std::array<int32_t, 2>> full_size) const {
  ImageShape whole = {image.height, image.width, image.channels};
  if (full_size) whole = {(*full_size)[0], (*full_size)[1], image.channels};
  output_shape(whole);  // no step meets what it cannot take
  Picture picture(image, room);
  for (size_t at = 0; at < steps_.size(); ++at) {
    const auto index = static_cast<int64_t>(at);
    if (at == 0 && full_size)
      resize_shrunk(picture, steps_[at], *full_size);
    else
      apply_step(picture, steps_[at], index, ImageDraw(randomness, index));
  }
  picture.write(target, {table_.empty() ? nullptr : table_.data(), dtype_size(dtype_)});
}

int32_t ImageTransforms::usable_shrink(int32_t height, int32_t width) const {
  if (steps_.empty() || steps_[0].kind != ImageStepKind::resize) return 1;
  if (!steps_[0].antialias && steps_[0].filter != ImageFilter::area) return 1;
  const ImageShape made = shape_after(steps_[0], 0, {height, width, 1});
  for (int32_t shrink = 8; shrink > 1; shrink /= 2)
    if (int64_t{made.height} * 2 * shrink <= height && int64_t{made.width} * 2 * shrink <= width) return shrink;
  return 1;
}

ImagePlan plan_image(const ImageInfo &info, const ImageDecodeOptions &decode, const ImageTransforms &transforms,
                     bool scaled_decode) {
  ImagePlan plan{decode, {}, std::nullopt};
  const ImageView whole = decoded_image(info, decode);
  plan.shape = transforms.output_shape({whole.height, whole.width, whole.channels});
  if (!scaled_decode || info.format != ImageFormat::jpeg || decode.shrink != 1) return plan;
  plan.decode.shrink = transforms.usable_shrink(whole.height, whole.width);
  if (plan.decode.shrink != 1) plan.full_size = {whole.height, whole.width};
  return plan;
}

}  // namespace penstock::core
