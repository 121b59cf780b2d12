// Elementwise functions that are a few instructions each: what compilers make vectors of.
//
// Integers wrap around; what has no order but is compared gives false; the larger and the smaller of a NaN and anything are
// NaN.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/base/lanes.h"

namespace penstock::core {

// Computes with integers as unsigned ones of at least 32 bits, where overflow is defined, and gives the low bits.
template <typename Number, typename Compute>
PS_LANES_INLINE Number wrapping(Number a, Number b, Compute compute) {
  if constexpr (std::is_integral_v<Number>) {
    using Wide = std::conditional_t<(sizeof(Number) > 4), uint64_t, uint32_t>;
    return static_cast<Number>(compute(static_cast<Wide>(a), static_cast<Wide>(b)));
  } else {
    return compute(a, b);
  }
}

#define PS_ELEMENTWISE_BINARY(Name, Result, expression)       \
  struct Name {                                               \
    template <typename Number>                                \
    static PS_LANES_INLINE Result apply(Number a, Number b) { \
      return expression;                                      \
    }                                                         \
  };
#define PS_ELEMENTWISE_UNARY(Name, Result, expression) \
  struct Name {                                        \
    template <typename Number>                         \
    static PS_LANES_INLINE Result apply(Number a) {    \
      return expression;                               \
    }                                                  \
  };

PS_ELEMENTWISE_BINARY(Add, Number, wrapping(a, b, [](auto x, auto y) { return x + y; }))
PS_ELEMENTWISE_BINARY(Subtract, Number, wrapping(a, b, [](auto x, auto y) { return x - y; }))
PS_ELEMENTWISE_BINARY(Multiply, Number, wrapping(a, b, [](auto x, auto y) { return x * y; }))
PS_ELEMENTWISE_BINARY(Divide, Number, a / b)
PS_ELEMENTWISE_BINARY(Maximum, Number, ((a > b) | (a != a)) ? a : b)
PS_ELEMENTWISE_BINARY(Minimum, Number, ((a < b) | (a != a)) ? a : b)
PS_ELEMENTWISE_BINARY(Equal, bool, a == b)
PS_ELEMENTWISE_BINARY(NotEqual, bool, a != b)
PS_ELEMENTWISE_BINARY(Less, bool, a < b)
PS_ELEMENTWISE_BINARY(LessEqual, bool, a <= b)
PS_ELEMENTWISE_BINARY(BitwiseAnd, Number, static_cast<Number>(a &b))
PS_ELEMENTWISE_BINARY(BitwiseOr, Number, static_cast<Number>(a | b))
PS_ELEMENTWISE_BINARY(BitwiseXor, Number, static_cast<Number>(a ^ b))
PS_ELEMENTWISE_BINARY(CopySign, Number, std::copysign(a, b))

PS_ELEMENTWISE_UNARY(Negative, Number, Subtract::apply(Number{}, a))
PS_ELEMENTWISE_UNARY(NegativeFloat, Number, -a)
PS_ELEMENTWISE_UNARY(Positive, Number, a)
PS_ELEMENTWISE_UNARY(Square, Number, Multiply::apply(a, a))
PS_ELEMENTWISE_UNARY(Reciprocal, Number, Number{1} / a)
PS_ELEMENTWISE_UNARY(AbsoluteFloat, Number, std::fabs(a))
PS_ELEMENTWISE_UNARY(AbsoluteInteger, Number, a < Number{} ? Negative::apply(a) : a)
PS_ELEMENTWISE_UNARY(Invert, Number, static_cast<Number>(~a))
PS_ELEMENTWISE_UNARY(InvertTruth, uint8_t, static_cast<uint8_t>(a ^ 1))
PS_ELEMENTWISE_UNARY(SquareRoot, Number, std::sqrt(a))
PS_ELEMENTWISE_UNARY(Floor, Number, std::floor(a))
PS_ELEMENTWISE_UNARY(Ceiling, Number, std::ceil(a))
PS_ELEMENTWISE_UNARY(Truncate, Number, std::trunc(a))
PS_ELEMENTWISE_UNARY(RoundToEven, Number, std::nearbyint(a))
PS_ELEMENTWISE_UNARY(IsNan, bool, a != a)
PS_ELEMENTWISE_UNARY(IsInfinite, bool, std::fabs(a) == std::numeric_limits<Number>::infinity())
PS_ELEMENTWISE_UNARY(IsFinite, bool, std::fabs(a) < std::numeric_limits<Number>::infinity())
PS_ELEMENTWISE_UNARY(SignBit, bool, std::copysign(Number{1}, a) < 0)  // GCC 12 fails on vectors of std::signbit
// NaN stays NaN; a zero keeps its sign.
PS_ELEMENTWISE_UNARY(SignFloat, Number, a > 0 ? Number{1} : (a < 0 ? Number{-1} : a))
PS_ELEMENTWISE_UNARY(SignInteger, Number, static_cast<Number>(static_cast<int>(a > 0) - static_cast<int>(a < 0)))
PS_ELEMENTWISE_UNARY(AlwaysTrue, bool, (static_cast<void>(a), true))
PS_ELEMENTWISE_UNARY(AlwaysFalse, bool, (static_cast<void>(a), false))

#undef PS_ELEMENTWISE_BINARY
#undef PS_ELEMENTWISE_UNARY

struct Where {
  template <typename Number>
  static PS_LANES_INLINE Number apply(uint8_t condition, Number first, Number second) {
    return condition != 0 ? first : second;
  }
};
struct Clip {
  template <typename Number>
  static PS_LANES_INLINE Number apply(Number value, Number low, Number high) {
    return Minimum::apply(Maximum::apply(value, low), high);
  }
};

}  // namespace penstock::core
