// How gradients pass what picks elements: they are added where the elements came from.
#pragma once

#include <span>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

// indices as take() takes them: null for the whole axis.
Reference<Node> record_take(const Variable &operand, std::span<const Tensor *const> indices, const Tensor &result);

// The number of each element of a tensor of that shape, in row-major order: int64, in main memory.
Tensor row_major_numbers(const Extents &shape);

// Zeros of that shape with each element of values added at the place whose row-major number stands at its index in places,
// dense and of int64, in main memory.  Added in row-major order; small floats in float32, which the result then is.
Tensor added_at(const Tensor &places, const Tensor &values, const Extents &shape);

}  // namespace penstock::core::autograd
