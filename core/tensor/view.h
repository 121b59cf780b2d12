// Views: another shape and other strides over the same memory.  None copies; each keeps the storage alive and is
// read-only where its tensor is.  What they throw stands with the functions of the same names in penstock/tensor.h.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "core/tensor/tensor.h"

namespace penstock::core {

inline constexpr int64_t slice_open = std::numeric_limits<int64_t>::min();

Tensor slice(const Tensor &tensor, int32_t axis, int64_t start, int64_t stop, int64_t step);
Tensor select(const Tensor &tensor, int32_t axis, int64_t index);
Tensor narrow(const Tensor &tensor, int32_t axis, int64_t start, int64_t length);
Tensor permute(const Tensor &tensor, std::span<const int32_t> axes);
Tensor transpose(const Tensor &tensor, int32_t first_axis, int32_t second_axis);
Tensor reshape(const Tensor &tensor, const Extents &shape);
Tensor squeeze(const Tensor &tensor, std::span<const int32_t> axes);  // none named: every axis of size 1
Tensor unsqueeze(const Tensor &tensor, int32_t axis);
Tensor expand(const Tensor &tensor, const Extents &shape);
Tensor flatten(const Tensor &tensor);
Tensor reinterpret(const Tensor &tensor, DType dtype);

}  // namespace penstock::core
