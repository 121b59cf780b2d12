// Products of matrices, as the array API defines matmul().
#pragma once

#include "core/tensor/tensor.h"

namespace penstock::core {

// The last two axes of each operand are a matrix, the others broadcast; an operand of one axis is a row on the left, a
// column on the right, and the result lacks that axis.  Operands promote; float16 and bfloat16 are summed in float32 and
// rounded once, integers wrap around, bool is true where both of one pair at least are.
//
// Floating-point sums run in one order, that of ever longer stretches of the inner axis: the bits do not depend on threads
// or strides.  With n the length of that axis, an element is off by at most (n mod 256 or 256, + n / 256 + 1) roundings of
// the sum of the products' sizes.
//
// The result is row-major, on the first operand's device.  Throws type_mismatch for a storage-only dtype or dtypes without
// a common one, invalid_argument for an operand of no axes and for shapes that do not fit, naming both.
Tensor matmul(const Tensor &first, const Tensor &second);

// The same into memory that is there: the result converts to destination's dtype by the same_kind rule, and broadcasts to
// its shape.  destination may overlap the operands: they are read as if copied away first.  Throws read_only too; after a
// throw its elements are untouched.
void matmul_into(const Tensor &destination, const Tensor &first, const Tensor &second);

}  // namespace penstock::core
