// The one loop behind all reductions: elements along some axes of a tensor joined by one operation.
#pragma once

#include "core/ops/operation.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// Which axes of a tensor are reduced.
using AxisMask = uint32_t;

// What find_fold() knows: in which dtype elements of dtype are folded.
DType folding_dtype(DType dtype);

// Joins by add, multiply, maximum or minimum.  The result has the axes that stay, is row-major, of folding_dtype(), and on
// the CPU, as tensor must be.  There is at least one element to each.
Tensor fold_axes(Operation joining, const Tensor &tensor, AxisMask reduced);

// Where along the reduced axes, taken as one in row-major order, the largest or smallest element of each stands: int64.
Tensor find_extremes(Operation joining, const Tensor &tensor, AxisMask reduced);

}  // namespace penstock::core
