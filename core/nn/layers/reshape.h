// Layers that give elements another shape: flatten, reshape.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {}: all axes but the first, the batch, as one.
std::shared_ptr<Layer> make_flatten(Settings &settings, DType dtype);

// {"shape"}: the sizes behind the batch axis; one may be -1, and follows from the others.
std::shared_ptr<Layer> make_reshape(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
