// Reductions over axes, and running totals along one.
//
// Elements are joined in a fixed tree, which depends on shape, strides' order and dtype alone: neither threads nor the width
// of vectors change a bit.  Small integers are computed in 64 bits, float16 and bfloat16 in float32.
#pragma once

#include <optional>
#include <span>

#include "core/ops/operation.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

struct ReduceOptions {
  bool keep_axes = false;      // the reduced axes stay, with size 1
  std::optional<DType> dtype;  // sums and products only: the operand is converted to it first
  double correction = 0;       // var and std: taken from the number of elements that is divided by
};

// No axes named: all of them.  What is reduced over nothing gives 0, 1, false, true, or NaN for a mean; max, min, argmax and
// argmin throw invalid_argument there.  argmax and argmin take one axis or, of the row-major order, all; the first of
// several, and the first NaN.  Throws type_mismatch for dtypes that the operation does not take, out_of_range for an axis,
// invalid_argument for one named twice.
Tensor reduce(Operation operation, const Tensor &tensor, std::span<const int32_t> axes, const ReduceOptions &options);

// The totals of 1, 2, ... elements along axis; with initial, the total of none in front.
Tensor accumulate(Operation operation, const Tensor &tensor, int32_t axis, std::optional<DType> dtype, bool initial);

}  // namespace penstock::core
