// A layer called by itself, outside a model: its result, and how gradients pass it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/autograd/node.h"
#include "core/nn/layer.h"

namespace penstock::core::nn {

// Throws invalid_argument for shapes that the layer does not take, type_mismatch for dtypes.  sources: where the inputs come
// from, and the parameters in the order of all_parameters().  Unless is_recorded the node is null.
struct CalledLayer {
  Tensor result;
  Reference<autograd::Node> node;
};
CalledLayer call_layer(const std::shared_ptr<Layer> &layer, std::span<const autograd::Variable> inputs,
                       std::span<const autograd::Variable> parameters, bool is_training, bool is_recorded,
                       RandomStream random);

// Those of a layer and of the layers inside it.
std::vector<Parameter *> all_parameters(Layer &layer);

}  // namespace penstock::core::nn
