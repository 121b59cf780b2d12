// What operations do to operands before they compute: find their common dtype, convert them, resolve their axis.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/tensor/tensor.h"

namespace penstock::core {

inline bool on_cpu(const Tensor &tensor) { return tensor.device().type == DeviceType::cpu; }

// The tensor itself where it has the dtype, otherwise a copy of numbers converted as they may.
Tensor in_dtype(const Tensor &tensor, DType dtype);

// promote() of all, one at least, with what wanted it in its sentence.
DType common_dtype(std::string_view wanted_by, std::span<const Tensor *const> operands);

// axis counted from either end, as one from 0.  Throws out_of_range, naming what wanted it, the axis and the shape.
int32_t resolve_axis_of(std::string_view wanted_by, int32_t axis, const Tensor &tensor);

}  // namespace penstock::core
