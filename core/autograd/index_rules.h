// How gradients pass what picks elements: they are added where the elements came from.
#pragma once

#include <span>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

// indices as take() takes them: null for the whole axis.
Reference<Node> record_take(const Variable &operand, std::span<const Tensor *const> indices, const Tensor &result);

// Adds each of values' elements to the one of destination, dense and row-major, whose row-major number stands at its index
// in places, of int64.  In row-major order; both of one dtype.
void add_at(const Tensor &destination, const Tensor &places, const Tensor &values);

}  // namespace penstock::core::autograd
