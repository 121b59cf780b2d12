// How gradients pass products of matrices.
#pragma once

#include "core/autograd/node.h"

namespace penstock::core::autograd {

// Operands as matmul() takes them: of one axis too.
Reference<Node> record_matmul(const Variable &first, const Variable &second, const Tensor &result);

}  // namespace penstock::core::autograd
