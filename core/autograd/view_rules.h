// How gradients pass views, copies and conversions.  Those that only repeat or convert elements need no more than what
// every gradient goes through: it is summed back, and converted, to the operand's outline.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

using View = std::function<Tensor(const Tensor &)>;

// The result has the operand's elements, repeated or converted: expand, clone, astype, to_device.
Reference<Node> record_same(std::string name, const Variable &operand, const Tensor &result);

// The operand's elements in row-major order under another shape.
Reference<Node> record_reshaped(std::string name, const Variable &operand, const Tensor &result);

// A part of the operand: view shows the same part of another tensor of its shape.
Reference<Node> record_part(std::string name, const Variable &operand, const Tensor &result, View view);

// The operand's axes in another order.
Reference<Node> record_permuted(std::string name, const Variable &operand, const Tensor &result,
                                std::span<const int32_t> axes);
Reference<Node> record_transposed(std::string name, const Variable &operand, const Tensor &result, int32_t first_axis,
                                  int32_t second_axis);

}  // namespace penstock::core::autograd
