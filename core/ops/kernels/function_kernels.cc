// The C library's functions, and what is made of them; float16 and bfloat16 are computed in float32 and rounded once.
#include <cmath>

#include "core/ops/kernels/library_functions.h"
#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/other_kernels.h"

namespace penstock::core {
namespace {

struct Zero {  // the imaginary part
  template <typename Number>
  static Number apply(Number) {
    return 0;
  }
};
struct ArcTangent2 {
  template <typename Number>
  static Number apply(Number y, Number x) {
    return std::atan2(y, x);
  }
};
struct Hypotenuse {
  template <typename Number>
  static Number apply(Number a, Number b) {
    return std::hypot(a, b);
  }
};
struct Power {
  template <typename Number>
  static Number apply(Number base, Number exponent) {
    return exponent == 2 ? base * base : std::pow(base, exponent);  // by far the most usual, and exact
  }
};
struct LogarithmOfSum {  // log(exp(a) + exp(b))
  template <typename Number>
  static Number apply(Number a, Number b) {
    if (a == b) return a + std::log(Number{2});  // infinities too, whose difference is NaN
    const Number difference = std::fabs(a - b);
    return (std::isnan(difference) ? difference : (a > b ? a : b)) + std::log1p(std::exp(-difference));
  }
};

// Takes the divisor's sign, as Python's %; a zero too.
struct Remainder {
  template <typename Number>
  static Number apply(Number dividend, Number divisor) {
    const Number rest = std::fmod(dividend, divisor);
    if (rest == 0) return std::copysign(Number{0}, divisor);
    return (rest < 0) != (divisor < 0) ? rest + divisor : rest;
  }
};
// The whole number nearest to (dividend - remainder) / divisor, which dividing and rounding down would miss by one at times.
struct FloorDivide {
  template <typename Number>
  static Number apply(Number dividend, Number divisor) {
    if (divisor == 0) return dividend / divisor;
    const Number rest = std::fmod(dividend, divisor);
    Number quotient = (dividend - rest) / divisor;
    if (rest != 0 && (rest < 0) != (divisor < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(Number{0}, dividend / divisor);
    const Number whole = std::floor(quotient);
    return quotient - whole > Number{0.5} ? whole + 1 : whole;
  }
};

struct NextAfter {
  template <typename Number>
  static Number apply(Number from, Number towards) {
    return std::nextafter(from, towards);
  }
};
// On the bits of a small float, whose magnitudes count up like integers.
template <typename Small>
struct NextSmallFloat {
  static uint16_t apply(uint16_t from, uint16_t towards) {
    const float start = to_float(Small{from}), end = to_float(Small{towards});
    if (start != start) return from;
    if (end != end || start == end) return towards;
    if (start == 0) return static_cast<uint16_t>((end < 0 ? Small::sign_bit : 0) | 1);
    return static_cast<uint16_t>((start < end) == (start > 0) ? from + 1 : from - 1);
  }
};

template <typename Element>
ElementwiseKernel unary_function(Operation operation) {
  switch (operation) {
    case Operation::imag: return unary_kernel<0, Zero, Element>();
    default: return library_function<Element>(operation);
  }
}

template <typename Element>
ElementwiseKernel binary_function(Operation operation) {
  switch (operation) {
    case Operation::atan2: return binary_kernel<0, ArcTangent2, Element>();
    case Operation::hypot: return binary_kernel<0, Hypotenuse, Element>();
    case Operation::pow: return binary_kernel<0, Power, Element>();
    case Operation::logaddexp: return binary_kernel<0, LogarithmOfSum, Element>();
    case Operation::remainder: return binary_kernel<0, Remainder, Element>();
    case Operation::floor_divide: return binary_kernel<0, FloorDivide, Element>();
    case Operation::nextafter:
      if constexpr (AnySmallFloat<Element>)
        return binary_kernel<0, NextSmallFloat<Element>, uint16_t>();
      else
        return binary_kernel<0, NextAfter, Element>();
    default: return nullptr;
  }
}

}  // namespace

ElementwiseKernel find_function_kernel(Operation operation, DType computing) {
  return with_element(computing, [&]<typename Element>() -> ElementwiseKernel {
    if constexpr (AnySmallFloat<Element> || std::is_floating_point_v<Element>) {
      const ElementwiseKernel kernel = unary_function<Element>(operation);
      return kernel != nullptr ? kernel : binary_function<Element>(operation);
    } else {
      return nullptr;
    }
  });
}

}  // namespace penstock::core
