// How gradients pass what joins tensors, and what moves their elements to other places.
#pragma once

#include <string>
#include <vector>

#include "core/autograd/node.h"
#include "core/autograd/view_rules.h"

namespace penstock::core::autograd {

// Operands one behind the other along axis.
Reference<Node> record_concat(const std::vector<Variable> &operands, int32_t axis, const Tensor &result);

// Operands side by side along a new axis, which stands at axis in the result.
Reference<Node> record_stack(const std::vector<Variable> &operands, int32_t axis, const Tensor &result);

// Each element of the result is one of the operand's (tile, repeat, roll, sort, take_along_axis): move does with an int64
// tensor of the operand's shape what the operation did with the operand.  What it captures must not change until then.
Reference<Node> record_moved(std::string name, const Variable &operand, const Tensor &result, View move);

// Some elements stay and the others become 0 (tril, triu): mask does so with a gradient.
Reference<Node> record_masked(std::string name, const Variable &operand, const Tensor &result, View mask);

// The differences of neighbours along axis, taken order times.
Reference<Node> record_difference(const Variable &operand, int32_t axis, int64_t order, const Tensor &result);

}  // namespace penstock::core::autograd
