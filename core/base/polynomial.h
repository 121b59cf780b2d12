// Polynomials by Horner's rule.
#pragma once

#include <type_traits>

#include "core/base/lanes.h"

namespace penstock::core {

// Coefficients from that of the highest power down to the constant.  Rounds behind each product and each sum, so that the
// bits are the same whatever the compiler and its vectors are.
template <typename Number, typename... Numbers>
PS_LANES_INLINE Number polynomial(Number x, Number highest, Numbers... lower) {
  static_assert((std::is_same_v<Number, Numbers> && ...), "a coefficient of another type would be rounded twice");
  ((highest = highest * x + lower), ...);
  return highest;
}

}  // namespace penstock::core
