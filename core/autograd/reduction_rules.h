// How gradients pass reductions over axes and running totals along one.
#pragma once

#include <optional>
#include <span>

#include "core/autograd/node.h"
#include "core/ops/reduce.h"

namespace penstock::core::autograd {

// Whether there is a rule; operation_info()'s is_differentiable says the same.
bool has_reduction_rule(Operation operation);

// axes and options as reduce() takes them.
Reference<Node> record_reduce(Operation operation, const Variable &operand, std::span<const int32_t> axes,
                              const ReduceOptions &options, const Tensor &result);

// axis, dtype and initial as accumulate() takes them.
Reference<Node> record_accumulate(Operation operation, const Variable &operand, int32_t axis, bool initial,
                                  const Tensor &result);

}  // namespace penstock::core::autograd
