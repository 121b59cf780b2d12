// Products of matrices, as the array API defines matmul().
#pragma once

#include "core/tensor/tensor.h"

namespace penstock::core {

// The last two axes of each operand are a matrix, the others broadcast; an operand of one axis is a row on the left, a
// column on the right, and the result lacks that axis.  Operands promote; float16 and bfloat16 are summed in float32 and
// rounded once, integers wrap around, bool is true where both of one pair at least are.
//
// The bits depend on the operands' elements, shapes and strides and on the kind of processor, never on threads.  Summed one
// after the other are the products of stretches of the inner axis, 512 long at most, and then those sums: with n the axis's
// length, an element is off by at most min(n, 512) + n / 128 roundings of the sum of the products' sizes.  Where the result has
// one column, or one row of a second operand that lies column after column, numbers are summed side by side in 256 bytes, so
// that another layout may give other bits.  Of bfloat16, some processors take subnormal numbers as 0, but not there.
//
// The result is row-major, on the first operand's device.  Throws type_mismatch for a storage-only dtype or dtypes without
// a common one, invalid_argument for an operand of no axes and for shapes that do not fit, naming both.
Tensor matmul(const Tensor &first, const Tensor &second);

// The same into memory that is there: the result converts to destination's dtype by the same_kind rule, and broadcasts to
// its shape.  destination may overlap the operands: they are read as if copied away first.  Throws read_only too; after a
// throw its elements are untouched.
void matmul_into(const Tensor &destination, const Tensor &first, const Tensor &second);

}  // namespace penstock::core
