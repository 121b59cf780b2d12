// The CPU's kernels, found by operation and dtype.  A kernel works on one stretch of memory and checks nothing: shapes,
// dtypes, overlap and threads are its caller's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/ops/operation.h"

namespace penstock::core {

// The most operands of a kernel, the result included.
inline constexpr int32_t most_operands = 4;

// Writes count elements, each from the inputs' elements at the same index.  strides: bytes from one element to the next,
// the result's first; any may be 0 or negative.  An input may be the result itself, index by index, and does not overlap
// it otherwise.
using ElementwiseKernel = void (*)(std::byte *out, const std::byte *const *inputs, const int64_t *strides,
                                   int64_t count);

// Joins count elements that lie side by side, one at least, to one in an order that depends on count alone: result and
// elements are of one dtype.
using FoldKernel = void (*)(std::byte *result, const std::byte *elements, int64_t count);

// Replaces each of count elements by itself joined with all before it; stride is in bytes.
using ScanKernel = void (*)(std::byte *elements, int64_t stride, int64_t count);

// Of a unary or binary operation, for operands of computing_dtype(); never null for one that it returns.
ElementwiseKernel find_elementwise(Operation operation, DType computing);

// condition ? first : second, of bool and two of dtype; and clip(value, low, high), NaN where one is.
ElementwiseKernel find_where(DType dtype);
ElementwiseKernel find_clip(DType dtype);

// Of add, multiply, maximum and minimum, for the dtypes that reductions compute in: float32, float64, int64, uint64,
// complex64, complex128 (which has no order).  Null for others.
FoldKernel find_fold(Operation operation, DType dtype);
ScanKernel find_scan(Operation operation, DType dtype);

}  // namespace penstock::core
