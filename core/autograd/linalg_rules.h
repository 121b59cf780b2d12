// How gradients pass products of matrices.
#pragma once

#include <span>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

// Operands as matmul() takes them: of one axis too.
Reference<Node> record_matmul(const Variable &first, const Variable &second, const Tensor &result);

// axes as tensordot() takes them.
Reference<Node> record_tensordot(const Variable &first, const Variable &second, std::span<const int32_t> first_axes,
                                 std::span<const int32_t> second_axes, const Tensor &result);

// axis as vecdot() takes it: counted from the end.
Reference<Node> record_vecdot(const Variable &first, const Variable &second, int32_t axis, const Tensor &result);

}  // namespace penstock::core::autograd
