// Operands of several dtypes and shapes: the dtype that all fit, and the shape that all broadcast to.
#pragma once

#include <span>

#include "core/tensor/tensor.h"

namespace penstock::core {

// The array API's promotion within a kind; across kinds the higher one decides: bool, integers, floating, complex, and a
// complex dtype is as wide as a floating one beside it.  float16 and bfloat16 make float32.  Throws type_mismatch, naming
// both, for uint64 beside a signed integer, and for storage-only dtypes that differ.
DType promote(DType first, DType second);

// Throws invalid_argument, naming all shapes and what wanted them, where they do not broadcast together.
Extents broadcast_shape(std::string_view wanted_by, std::span<const Tensor *const> operands);

}  // namespace penstock::core
