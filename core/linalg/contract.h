// Sums of products over axes that are named: tensordot() and vecdot() of the array API.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor/tensor.h"

namespace penstock::core {

// Summed over pairs of axes, one of each operand, which have equal sizes; the result has first's other axes, then second's.
// dtypes, sums, bits and device are those of matmul().  Throws as it does, out_of_range for an axis, and invalid_argument
// also where the numbers of axes differ, an axis is named twice, or the result would have more than max_ndim axes.
Tensor tensordot(const Tensor &first, const Tensor &second, std::span<const int32_t> first_axes,
                 std::span<const int32_t> second_axes);

// Summed over one axis, counted from the end (-1 to -ndim of both); complex elements of first are conjugated; the other axes
// broadcast.
Tensor vecdot(const Tensor &first, const Tensor &second, int32_t axis);

}  // namespace penstock::core
