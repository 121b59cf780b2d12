// Images to new tensors: one that is decoded, and any number that are transformed, each on one thread of the process's.
#pragma once

#include <cstddef>
#include <span>

#include "core/image/transform.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

struct ImageApplyOptions {
  bool channels_first = false;
  ImageRandomness randomness;  // of the first image; those behind it are the samples behind its own
  bool scaled_decode = false;
};

// What each throws stands with the function of its like in penstock/image.h.
Tensor decode_image(std::span<const std::byte> bytes, const ImageDecodeOptions &options);
Tensor transform_images(const ImageTransforms &transforms, const Tensor &images, const ImageApplyOptions &options);
Tensor decode_and_transform(const ImageTransforms &transforms, std::span<const std::byte> bytes,
                            const ImageDecodeOptions &decode, const ImageApplyOptions &options);

}  // namespace penstock::core
