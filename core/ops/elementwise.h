// Operations element by element, on operands that broadcast and promote.
//
// Each checks its operands, then computes; a new result is row-major, on the first operand's device.  Throws type_mismatch
// for dtypes that the operation does not take or that have no common one, invalid_argument for shapes that do not
// broadcast, each naming the operation and all dtypes or shapes.  Results do not depend on the number of threads.
#pragma once

#include "core/ops/operation.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

Tensor unary(Operation operation, const Tensor &operand);
Tensor binary(Operation operation, const Tensor &first, const Tensor &second);

// The same into memory that is there: the result converts to destination's dtype by the same_kind rule, and broadcasts to
// its shape.  destination may overlap the operands: they are read as if copied away first.  Throws read_only too; after a
// throw its elements are untouched.
void unary_into(const Tensor &destination, Operation operation, const Tensor &operand);
void binary_into(const Tensor &destination, Operation operation, const Tensor &first, const Tensor &second);

// condition's truth picks from first or second, which promote.
Tensor where(const Tensor &condition, const Tensor &first, const Tensor &second);

// tensor kept between low and high, of which either may be null; the result has tensor's dtype, which is of real numbers.
// Throws type_mismatch too where a bound's dtype holds values that tensor's does not, floating ones excepted.
Tensor clip(const Tensor &tensor, const Tensor *low, const Tensor *high);

}  // namespace penstock::core
