// Sorting along an axis.  What is meant and thrown stands with the functions of penstock/ops_order.h.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

Tensor sort(const Tensor &tensor, int32_t axis, bool is_descending);
Tensor argsort(const Tensor &tensor, int32_t axis, bool is_descending);

}  // namespace penstock::core
