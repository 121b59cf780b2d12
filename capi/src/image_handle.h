// The handle of a list of image steps, shared by the shims that apply them.
#pragma once

#include <penstock/image.h>

#include <span>

#include "core/base/reference.h"
#include "core/image/transform.h"

namespace penstock {

struct TransformsHandle : core::Counted<TransformsHandle> {
  explicit TransformsHandle(std::span<const core::ImageStep> steps) : transforms(steps) {}
  const core::ImageTransforms transforms;
};

inline TransformsHandle *handle_of(ps_image_transforms *transforms) {
  return reinterpret_cast<TransformsHandle *>(transforms);
}
inline const core::ImageTransforms &unwrap(const ps_image_transforms *transforms) {
  return reinterpret_cast<const TransformsHandle *>(transforms)->transforms;
}

}  // namespace penstock
