// What each step of a list may be, and what it makes of an image's shape.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/image/transform.h"

namespace penstock::core {

std::string_view image_step_name(ImageStepKind kind);

// The dtype that comes out of a list.  Throws invalid_argument for a value outside its limits, or a step where it may not
// stand, naming its place and kind.
DType check_image_steps(std::span<const ImageStep> steps);

// Throws invalid_argument where the step, the index-th of its list, cannot take an image of that shape.
ImageShape shape_after(const ImageStep &step, int64_t index, ImageShape shape);

}  // namespace penstock::core
