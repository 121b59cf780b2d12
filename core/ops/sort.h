// Sorting along an axis.  What is meant and thrown stands with the functions of penstock/ops_order.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tensor/tensor.h"

namespace penstock::core {

Tensor sort(const Tensor &tensor, int32_t axis, bool is_descending);
Tensor argsort(const Tensor &tensor, int32_t axis, bool is_descending);

// axis counted from either end, as one from 0.  Throws out_of_range, naming what wanted it, the axis and the shape.
int32_t resolve_axis_of(std::string_view wanted_by, int32_t axis, const Tensor &tensor);

}  // namespace penstock::core
