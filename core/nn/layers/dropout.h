// The dropout layer: elements that are left out by chance while training.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {rate 0.5}, from 0 to below 1.  In training element i is multiplied by 0 where the uniform value i (core/base/random.h, of the
// element's own type) of the step's stream is below rate, and is divided by 1 - rate otherwise; out of training nothing
// changes.
std::shared_ptr<Layer> make_dropout(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
