// Layers that a caller of the C ABI computes.
#pragma once

#include <penstock/nn.h>

#include "core/nn/layers/custom.h"

namespace penstock {

// factory must live as long as what this gives.
core::nn::CustomFactory custom_factory(ps_layer_factory_function factory, void *user);

}  // namespace penstock
