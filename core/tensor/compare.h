// Whether two tensors hold the same elements, exactly or nearly.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

// The same numbers as ps_equality.
enum class Equality : int32_t { bitwise = 0, value = 1 };

// False where dtypes or shapes differ.  value: -0 equals 0, any NaN any other; a complex number with one in either part
// is NaN.
bool equal(const Tensor &first, const Tensor &second, Equality equality);

struct Tolerance {
  double relative, absolute;
  bool nan_equal;
};

// |actual - expected| <= absolute + relative * |expected| for every element, both taken as float64, or complex128 where
// one is complex: int64 and uint64 beyond 2^53 are rounded first.  What compares equal is close, equal infinities too;
// other infinities are not; a complex number is infinite, or NaN, where one of its parts is.  Throws invalid_argument
// where shapes differ or a tolerance is negative or NaN, type_mismatch for a storage-only dtype.
bool all_close(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance);

}  // namespace penstock::core
