// The dense layer: a matrix product, a bias, an activation.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {in_features, out_features, use_bias true, activation "linear", weight_initializer and bias_initializer, both uniform
// between -1 and 1 / sqrt(in_features)}: activation(x weight^T + bias) along the last axis of inputs of two or more axes, with
// weight (out_features, in_features) and bias (out_features).
std::shared_ptr<Layer> make_dense(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
