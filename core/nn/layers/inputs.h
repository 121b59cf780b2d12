// What layers ask of the values they are given before they look at shapes.
#pragma once

#include <span>
#include <string_view>

#include "core/base/error.h"
#include "core/nn/layer.h"

namespace penstock::core::nn {

// Throws invalid_argument, naming the layer, unless there are so many values of its dtype.
inline void require_inputs(const Layer &layer, std::span<const Value> inputs, size_t count) {
  if (inputs.size() != count)
    fail(Status::invalid_argument, layer.kind(), ": ", inputs.size(), " inputs were given: expected ", count);
  for (const Value &input : inputs)
    if (input.outline.dtype != layer.dtype())
      fail(Status::invalid_argument, layer.kind(), ": an input's dtype is ", input.outline.dtype, ": expected ",
           layer.dtype());
}

}  // namespace penstock::core::nn
