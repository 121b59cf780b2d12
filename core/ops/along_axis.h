// Elements picked, and differences taken, along one axis.  What is meant and thrown stands with the functions of
// penstock/ops_order.h and penstock/ops_join.h.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

Tensor take_along_axis(const Tensor &tensor, const Tensor &indices, int32_t axis);

// prepended and appended may be null.
Tensor difference(const Tensor &tensor, int32_t axis, int64_t order, const Tensor *prepended, const Tensor *appended);

}  // namespace penstock::core
