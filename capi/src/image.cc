#include <penstock/image.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/image_handle.h"
#include "capi/src/options.h"
#include "capi/src/tensor_arguments.h"
#include "core/base/reference.h"
#include "core/image/image_batch.h"
#include "core/image/one_hot.h"
#include "core/image/transform.h"

using namespace penstock;

namespace penstock {

template <>
struct OptionsLayout<ps_image_info> {
  static constexpr ps_image_info defaults = PS_IMAGE_INFO_INIT;
  static constexpr const char *name = "ps_image_info";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_image_info, struct_size), PS_FIELD_END(ps_image_info, format),
      PS_FIELD_END(ps_image_info, width),       PS_FIELD_END(ps_image_info, height),
      PS_FIELD_END(ps_image_info, channels),    PS_FIELD_END(ps_image_info, bits),
      PS_FIELD_END(ps_image_info, orientation), PS_FIELD_END(ps_image_info, reserved)};
};

template <>
struct OptionsLayout<ps_image_decode_options> {
  static constexpr ps_image_decode_options defaults = PS_IMAGE_DECODE_OPTIONS_INIT;
  static constexpr const char *name = "ps_image_decode_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_image_decode_options, struct_size), PS_FIELD_END(ps_image_decode_options, colour),
      PS_FIELD_END(ps_image_decode_options, apply_orientation), PS_FIELD_END(ps_image_decode_options, shrink),
      PS_FIELD_END(ps_image_decode_options, largest_pixels)};
};

template <>
struct OptionsLayout<ps_image_step> {
  static constexpr ps_image_step defaults = PS_IMAGE_STEP_INIT;
  static constexpr const char *name = "ps_image_step";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_image_step, struct_size),  PS_FIELD_END(ps_image_step, kind),
      PS_FIELD_END(ps_image_step, height),       PS_FIELD_END(ps_image_step, width),
      PS_FIELD_END(ps_image_step, filter),       PS_FIELD_END(ps_image_step, antialias),
      PS_FIELD_END(ps_image_step, padding),      PS_FIELD_END(ps_image_step, fill),
      PS_FIELD_END(ps_image_step, dtype),        PS_FIELD_END(ps_image_step, scale_levels),
      PS_FIELD_END(ps_image_step, channels),     PS_FIELD_END(ps_image_step, probability),
      PS_FIELD_END(ps_image_step, scale_lowest), PS_FIELD_END(ps_image_step, scale_highest),
      PS_FIELD_END(ps_image_step, ratio_lowest), PS_FIELD_END(ps_image_step, ratio_highest),
      PS_FIELD_END(ps_image_step, mean),         PS_FIELD_END(ps_image_step, standard_deviation)};
};

template <>
struct OptionsLayout<ps_image_apply_options> {
  static constexpr ps_image_apply_options defaults = PS_IMAGE_APPLY_OPTIONS_INIT;
  static constexpr const char *name = "ps_image_apply_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_image_apply_options, struct_size), PS_FIELD_END(ps_image_apply_options, layout),
      PS_FIELD_END(ps_image_apply_options, seed),        PS_FIELD_END(ps_image_apply_options, epoch),
      PS_FIELD_END(ps_image_apply_options, sample),      PS_FIELD_END(ps_image_apply_options, scaled_decode),
      PS_FIELD_END(ps_image_apply_options, reserved)};
};

}  // namespace penstock

namespace {

static_assert(static_cast<int32_t>(core::ImageColour::stored) == PS_IMAGE_STORED);
static_assert(static_cast<int32_t>(core::ImageFilter::area) == PS_IMAGE_AREA);
static_assert(static_cast<int32_t>(core::ImageStepKind::normalize) == PS_IMAGE_NORMALIZE);
static_assert(static_cast<int32_t>(core::ImageFormat::png) == PS_IMAGE_PNG);

std::span<const std::byte> read_bytes(const void *bytes, uint64_t size) {
  require_not_null(bytes, "bytes");
  return {static_cast<const std::byte *>(bytes), static_cast<size_t>(size)};
}

core::ImageDecodeOptions read_decode_options(const ps_image_decode_options *given) {
  const ps_image_decode_options options = read_options(given);
  require_enum(options.colour, PS_IMAGE_STORED, "colour");
  core::ImageDecodeOptions read;
  read.colour = static_cast<core::ImageColour>(options.colour);
  read.apply_orientation = require_flag(options.apply_orientation, "apply_orientation");
  read.shrink = options.shrink;
  read.largest_pixels = options.largest_pixels;
  core::require_usable(read);
  return read;
}

core::ImageApplyOptions read_apply_options(const ps_image_apply_options *given) {
  const ps_image_apply_options options = read_options(given);
  require_enum(options.layout, PS_IMAGE_CHANNELS_FIRST, "layout");
  require_reserved_is_zero(options);
  core::ImageApplyOptions read;
  read.channels_first = options.layout == PS_IMAGE_CHANNELS_FIRST;
  read.randomness = {options.seed, options.epoch, options.sample};
  read.scaled_decode = require_flag(options.scaled_decode, "scaled_decode");
  return read;
}

template <typename Number, size_t count>
std::array<Number, count> array_of(const Number (&numbers)[count]) {
  std::array<Number, count> read;
  std::copy_n(numbers, count, read.begin());
  return read;
}

core::ImageStep read_step(const ps_image_step *given) {
  const ps_image_step step = read_options(given);
  core::ImageStep read;
  read.kind = static_cast<core::ImageStepKind>(step.kind);
  read.height = step.height;
  read.width = step.width;
  read.filter = static_cast<core::ImageFilter>(step.filter);
  read.antialias = require_flag(step.antialias, "antialias");
  read.padding = array_of(step.padding);
  read.fill = array_of(step.fill);
  read.probability = step.probability;
  read.scale = {step.scale_lowest, step.scale_highest};
  read.ratio = {step.ratio_lowest, step.ratio_highest};
  read.dtype = static_cast<core::DType>(step.dtype);
  read.scale_levels = require_flag(step.scale_levels, "scale_levels");
  read.channels = step.channels;
  read.mean = array_of(step.mean);
  read.standard_deviation = array_of(step.standard_deviation);
  return read;
}

// Steps lie as far apart as the caller's header makes them large.
std::vector<core::ImageStep> read_steps(const ps_image_step *steps, int32_t step_count) {
  if (step_count < 0 || step_count > 1000)
    core::fail(core::Status::invalid_argument, "step_count is ", step_count, ": expected 0 to 1000");
  std::vector<core::ImageStep> read;
  if (step_count == 0) return read;
  require_not_null(steps, "steps");
  const uint32_t distance = steps[0].struct_size;
  const auto *at = reinterpret_cast<const unsigned char *>(steps);
  for (int32_t index = 0; index < step_count; ++index, at += distance) {
    const auto *step = reinterpret_cast<const ps_image_step *>(at);
    if (step->struct_size != distance)
      core::fail(core::Status::invalid_argument, "steps[", index, "].struct_size is ", step->struct_size,
                 ": expected that of the first one, ", distance);
    read.push_back(read_step(step));
  }
  return read;
}

int32_t read_size(int64_t size, int64_t largest, const char *name) {
  if (size < 1 || size > largest)
    core::fail(core::Status::invalid_argument, name, " is ", size, ": expected 1 to ", largest);
  return static_cast<int32_t>(size);
}

}  // namespace

ps_status ps_image_info_init(ps_image_info *info, uint32_t struct_size) {
  return guarded([&] { init_options(info, struct_size, "info"); });
}

ps_status ps_image_decode_options_init(ps_image_decode_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_image_step_init(ps_image_step *step, uint32_t struct_size) {
  return guarded([&] { init_options(step, struct_size, "step"); });
}

ps_status ps_image_apply_options_init(ps_image_apply_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_image_read_info(ps_image_info *info, const void *bytes, uint64_t size) {
  return guarded([&] {
    require_result(info, "info");
    const core::ImageInfo found = core::read_image_info(read_bytes(bytes, size));
    ps_image_info filled = PS_IMAGE_INFO_INIT;
    filled.format = static_cast<ps_image_format>(found.format);
    filled.width = found.width;
    filled.height = found.height;
    filled.channels = found.channels;
    filled.bits = found.bits;
    filled.orientation = found.orientation;
    write_options(info, info->struct_size, filled);
  });
}

ps_status ps_image_decode(ps_tensor **out, const void *bytes, uint64_t size, const ps_image_decode_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(core::decode_image(read_bytes(bytes, size), read_decode_options(options)));
  });
}

ps_status ps_image_transforms_make(ps_image_transforms **out, const ps_image_step *steps, int32_t step_count) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = reinterpret_cast<ps_image_transforms *>(new TransformsHandle(read_steps(steps, step_count)));
  });
}

ps_image_transforms *ps_image_transforms_retain(ps_image_transforms *transforms) {
  return retained(transforms, handle_of(transforms), "transforms");
}

void ps_image_transforms_release(ps_image_transforms *transforms) {
  if (transforms != nullptr) handle_of(transforms)->release();
}

ps_dtype ps_image_transforms_dtype(const ps_image_transforms *transforms) {
  return guarded_getter<ps_dtype>(static_cast<ps_dtype>(0), [&] {
    require_not_null(transforms, "transforms");
    return static_cast<ps_dtype>(unwrap(transforms).dtype());
  });
}

ps_status ps_image_transforms_shape(int64_t *sizes, const ps_image_transforms *transforms, int64_t height,
                                    int64_t width, int64_t channels) {
  return guarded([&] {
    require_not_null(sizes, "sizes");
    require_not_null(transforms, "transforms");
    const core::ImageShape input = {read_size(height, INT32_MAX, "height"), read_size(width, INT32_MAX, "width"),
                                    read_size(channels, core::max_image_channels, "channels")};
    const core::ImageShape output = unwrap(transforms).output_shape(input);
    sizes[0] = output.height;
    sizes[1] = output.width;
    sizes[2] = output.channels;
  });
}

ps_status ps_image_transforms_apply(ps_tensor **out, const ps_image_transforms *transforms, const ps_tensor *images,
                                    const ps_image_apply_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(transforms, "transforms");
    require_not_null(images, "images");
    *out = wrap(core::transform_images(unwrap(transforms), penstock::unwrap(images), read_apply_options(options)));
  });
}

ps_status ps_image_transforms_decode(ps_tensor **out, const ps_image_transforms *transforms, const void *bytes,
                                     uint64_t size, const ps_image_decode_options *decode,
                                     const ps_image_apply_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(transforms, "transforms");
    *out = wrap(core::decode_and_transform(unwrap(transforms), read_bytes(bytes, size), read_decode_options(decode),
                                           read_apply_options(options)));
  });
}

ps_status ps_one_hot(ps_tensor **out, const ps_tensor *labels, int64_t class_count, ps_dtype dtype) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(labels, "labels");
    *out = wrap(core::one_hot(penstock::unwrap(labels), class_count, read_dtype(dtype, "dtype")));
  });
}
