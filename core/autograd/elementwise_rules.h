// How gradients pass operations element by element.
//
// Complex numbers follow torch's convention: the gradient of a real loss L by z = x + iy is dL/dx + i dL/dy, which an
// optimizer can subtract; a function with a complex derivative f' hands on gradient * conj(f').
#pragma once

#include "core/autograd/node.h"
#include "core/ops/operation.h"

namespace penstock::core::autograd {

// Whether there is a rule; operation_info()'s is_differentiable says the same.
bool has_elementwise_rule(Operation operation);

Reference<Node> record_unary(Operation operation, const Variable &operand, const Tensor &result);
Reference<Node> record_binary(Operation operation, const Variable &first, const Variable &second, const Tensor &result);
Reference<Node> record_where(const Tensor &condition, const Variable &first, const Variable &second,
                             const Tensor &result);
// low and high may be null.
Reference<Node> record_clip(const Variable &operand, const Variable *low, const Variable *high, const Tensor &result);

}  // namespace penstock::core::autograd
