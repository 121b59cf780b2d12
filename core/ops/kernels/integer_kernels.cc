// What integers do beside wrapping arithmetic.  No operand is a mistake: the array API leaves these cases open, and here
// anything divided by 0 is 0 with remainder 0, a shift by no number of bits that there is moves all of them out, and a
// negative power of anything but 1 and -1 is 0.
#include <limits>

#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/other_kernels.h"
#include "core/ops/kernels/simple_functions.h"

namespace penstock::core {
namespace {

template <typename Number>
bool is_minus_one(Number value) {
  return std::is_signed_v<Number> && value == static_cast<Number>(-1);
}

// Rounds down, as Python's //.
struct FloorDivide {
  template <typename Number>
  static Number apply(Number dividend, Number divisor) {
    if (divisor == 0) return 0;
    if (is_minus_one(divisor)) return Negative::apply(dividend);  // the lowest number too, which wraps around
    const auto quotient = static_cast<Number>(dividend / divisor);
    return (dividend % divisor != 0 && (dividend < 0) != (divisor < 0)) ? static_cast<Number>(quotient - 1) : quotient;
  }
};
// Takes the divisor's sign, as Python's %.
struct Remainder {
  template <typename Number>
  static Number apply(Number dividend, Number divisor) {
    if (divisor == 0 || is_minus_one(divisor)) return 0;
    const auto rest = static_cast<Number>(dividend % divisor);
    return (rest != 0 && (rest < 0) != (divisor < 0)) ? static_cast<Number>(rest + divisor) : rest;
  }
};
struct Power {
  template <typename Number>
  static Number apply(Number base, Number exponent) {
    if (std::is_signed_v<Number> && exponent < 0) {
      if (base == 1) return 1;
      return static_cast<Number>(is_minus_one(base) ? (exponent % 2 == 0 ? 1 : -1) : 0);
    }
    Number result = 1;
    for (; exponent != 0; exponent = static_cast<Number>(exponent / 2)) {
      if (exponent % 2 != 0) result = Multiply::apply(result, base);
      base = Multiply::apply(base, base);
    }
    return result;
  }
};

template <typename Number>
bool is_shift(Number count) {
  return count >= 0 && static_cast<uint64_t>(count) < 8 * sizeof(Number);
}
struct ShiftLeft {
  template <typename Number>
  static Number apply(Number value, Number count) {
    return is_shift(count) ? static_cast<Number>(static_cast<uint64_t>(value) << count) : Number{0};
  }
};
struct ShiftRight {
  template <typename Number>
  static Number apply(Number value, Number count) {
    return static_cast<Number>(value >> (is_shift(count) ? count : static_cast<Number>(8 * sizeof(Number) - 1)) >>
                               (is_shift(count) ? 0 : 1));
  }
};
struct Zero {  // the imaginary part
  template <typename Number>
  static Number apply(Number) {
    return 0;
  }
};

}  // namespace

ElementwiseKernel find_integer_kernel(Operation operation, DType computing) {
  return with_element(computing, [&]<typename Element>() -> ElementwiseKernel {
    if constexpr (std::is_integral_v<Element>) {
      switch (operation) {
        case Operation::floor_divide: return binary_kernel<0, FloorDivide, Element>();
        case Operation::remainder: return binary_kernel<0, Remainder, Element>();
        case Operation::pow: return binary_kernel<0, Power, Element>();
        case Operation::bitwise_left_shift: return binary_kernel<0, ShiftLeft, Element>();
        case Operation::bitwise_right_shift: return binary_kernel<0, ShiftRight, Element>();
        case Operation::imag: return unary_kernel<0, Zero, Element>();
        default: return nullptr;
      }
    } else {
      return nullptr;
    }
  });
}

}  // namespace penstock::core
