// Logarithms, written so that compilers make vectors of them: no branch, no table, no fused operation, so that each width
// of vectors gives the same bits.
//
// Errors are the largest seen beside a wider type (tests/python/test_vector_functions.py asserts them).  0 gives -infinity,
// what is negative NaN; powers of two have whole logarithms to the base of 2.
//
// x = 2^k (1 + f), with 1 + f from sqrt(1/2) to sqrt(2): log(x) = k log(2) + log(1 + f), and
// log(1 + f) = f - f^2 / 2 + tail(f).  For float the tail is f^3 times a polynomial (Chebyshev, below 2^-22 of it); for double
// s (f^2 / 2 + s^2 p(s^2)), where s = f / (2 + f) and log((1 + s) / (1 - s)) = 2 s + s^3 p(s^2).
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "core/base/lanes.h"
#include "core/base/polynomial.h"

namespace penstock::core::vectorised {

template <typename Number>
struct LogarithmParts;

template <>
struct LogarithmParts<float> {
  float k, f, half_square;

  // x is above 0 and finite; anything else makes numbers without a meaning
  explicit PS_LANES_INLINE LogarithmParts(float x) {
    constexpr int32_t sqrt_half = 0x3F3504F3;
    const bool is_subnormal = x < std::numeric_limits<float>::min();
    const float scaled = x * 0x1p23f, normal = is_subnormal ? scaled : x;
    const int32_t bits = std::bit_cast<int32_t>(normal) - sqrt_half;
    k = static_cast<float>((bits >> 23) - (is_subnormal ? 23 : 0));
    f = std::bit_cast<float>((bits & 0x007FFFFF) + sqrt_half) - 1.0f;
    half_square = 0.5f * f * f;
  }
  PS_LANES_INLINE float tail() const {
    const float series = polynomial(f, -0x1.43af44p-4f, 0x1.0292e0p-3f, -0x1.0a3b38p-3f, 0x1.231b4cp-3f,
                                    -0x1.54cf96p-3f, 0x1.999f1ep-3f, -0x1.0000d0p-2f, 0x1.555554p-2f);
    return series * f * f * f;
  }
};

template <>
struct LogarithmParts<double> {
  double k, f, half_square;

  explicit PS_LANES_INLINE LogarithmParts(double x) {
    constexpr uint64_t sqrt_half = 0x3FE6A09E667F3BCD, bias = uint64_t{2048} << 52;
    const bool is_subnormal = x < std::numeric_limits<double>::min();
    const double scaled = x * 0x1p52, normal = is_subnormal ? scaled : x;
    const uint64_t bits = std::bit_cast<uint64_t>(normal) - sqrt_half + bias;
    // The exponent, 0 or more, becomes the low bits of 2^52: the conversion that older processors lack.
    const double exponent = std::bit_cast<double>((bits >> 52) | 0x4330000000000000);
    k = exponent - (0x1p52 + 2048) - (is_subnormal ? 52.0 : 0.0);
    f = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFF) + sqrt_half) - 1.0;
    half_square = 0.5 * f * f;
  }
  PS_LANES_INLINE double tail() const {
    const double s = f / (2.0 + f), square = s * s;
    const double series =
        polynomial(square, 0x1.2b9f7fb3de73fp-3, 0x1.39f8963ccbdc2p-3, 0x1.7462e17b4cddp-3, 0x1.c71c6247410e3p-3,
                   0x1.2492492e6dfddp-2, 0x1.9999999994e76p-2, 0x1.5555555555558p-1);
    return s * (half_square + square * series);
  }
};

// What stands beside the positive finite numbers: infinity and NaN as they are, -infinity of 0, NaN of the negative.
template <typename Number>
PS_LANES_INLINE Number logarithm_beyond(Number x, Number result) {
  constexpr Number infinity = std::numeric_limits<Number>::infinity();
  const Number of_rest = x == 0 ? -infinity : std::numeric_limits<Number>::quiet_NaN();
  const Number of_positive = x < infinity ? result : x;
  return x > 0 ? of_positive : of_rest;
}

// log(2) in two parts, of which the first has so few bits that its product with k is exact.
template <typename Number>
inline constexpr Number log2_high = static_cast<Number>(sizeof(Number) == 8 ? 0x1.62e42feep-1 : 0x1.62ep-1);
template <typename Number>
inline constexpr Number log2_low = static_cast<Number>(sizeof(Number) == 8 ? 0x1.a39ef35793c76p-33 : 0x1.0bfbe8p-15);

// Within 1 ulp.
struct Logarithm {
  template <typename Number>
  static PS_LANES_INLINE Number apply(Number x) {
    const LogarithmParts<Number> parts(x);
    const Number low = parts.tail() + parts.k * log2_low<Number>;
    return logarithm_beyond(x, parts.k * log2_high<Number> - ((parts.half_square - low) - parts.f));
  }
};

// log(1 + x), with what the rounding of 1 + x loses added: its share of 1 + x.  Within 1.5 ulp.
struct LogarithmOnePlus {
  template <typename Number>
  static PS_LANES_INLINE Number apply(Number x) {
    const Number sum = 1 + x;
    const Number of_large = 1 - (sum - x), of_small = x - (sum - 1);
    const Number lost = x > 1 ? of_large : of_small;
    const LogarithmParts<Number> parts(sum);
    const Number low = parts.tail() + (parts.k * log2_low<Number> + lost / sum);
    const Number result = parts.k * log2_high<Number> - ((parts.half_square - low) - parts.f);
    const Number given = logarithm_beyond(sum, result);
    return x == 0 ? x : given;  // -0 too
  }
};

// log(1 + f) as the sum of two numbers, of which the first has so few bits that its product with a short one is exact.
template <typename Number>
struct LogarithmInTwo {
  Number high, low;

  explicit PS_LANES_INLINE LogarithmInTwo(const LogarithmParts<Number> &parts) {
    using Bits = std::conditional_t<sizeof(Number) == 8, uint64_t, uint32_t>;
    constexpr Bits kept = sizeof(Number) == 8 ? static_cast<Bits>(0xFFFFFFFF00000000) : static_cast<Bits>(0xFFFFF000);
    high = std::bit_cast<Number>(std::bit_cast<Bits>(parts.f - parts.half_square) & kept);
    low = ((parts.f - high) - parts.half_square) + parts.tail();
  }
};

// A logarithm to another base: k times unit, and log(1 + f) times scale, each of these in two parts.
template <typename Number>
struct Base {
  Number unit_high, unit_low, scale_high, scale_low;
};

template <typename Number>
PS_LANES_INLINE Number logarithm_to(const Base<Number> &base, Number x) {
  const LogarithmParts<Number> parts(x);
  const LogarithmInTwo<Number> natural(parts);
  const Number whole = parts.k * base.unit_high, fraction = natural.high * base.scale_high;
  const Number sum = whole + fraction;
  const Number lost = (whole - sum) + fraction;
  const Number low =
      parts.k * base.unit_low + (natural.low + natural.high) * base.scale_low + natural.low * base.scale_high;
  return logarithm_beyond(x, sum + (low + lost));
}

// Within 1.5 ulp.
struct Logarithm2 {
  static PS_LANES_INLINE float apply(float x) {
    return logarithm_to(Base<float>{1.0f, 0.0f, 0x1.714p0f, 0x1.47652cp-12f}, x);
  }
  static PS_LANES_INLINE double apply(double x) {
    return logarithm_to(Base<double>{1.0, 0.0, 0x1.71547p0, 0x1.94ae0bf85ddf4p-22}, x);
  }
};

// Within 1.5 ulp; that of 10, 100, ... is whole.
struct Logarithm10 {
  static PS_LANES_INLINE float apply(float x) {
    return logarithm_to(Base<float>{0x1.344p-2f, 0x1.3509f8p-18f, 0x1.bc8p-2f, 0x1.bd8a94p-13f}, x);
  }
  static PS_LANES_INLINE double apply(double x) {
    return logarithm_to(Base<double>{0x1.34413p-2, 0x1.427de7fbcc47cp-24, 0x1.bcb7bp-2, 0x1.526e50e32a6abp-26}, x);
  }
};

}  // namespace penstock::core::vectorised
