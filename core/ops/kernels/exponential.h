// Powers of e, and what is made of them, written so that compilers make vectors of it: no branch, no table, no fused
// operation, so that each width of vectors gives the same bits.
//
// Errors are the largest seen beside a wider type (tests/python/test_vector_functions.py asserts them); subnormal results
// are within the same bounds.  Infinities, NaN, zeros and their signs are as the C library's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "core/base/lanes.h"
#include "core/base/polynomial.h"

namespace penstock::core::vectorised {

// x = n log(2) + rest, |rest| < 0.35, and expm1 of the rest: rest + rest^2 q(rest), with a polynomial q that errs by less
// than a quarter ulp of the sum (Chebyshev).  log(2) is taken in two parts, of which the first has so few bits that its
// product with n is exact; adding a large number rounds n and leaves it in the low bits.
template <typename Number>
struct ExponentialParts;

template <>
struct ExponentialParts<float> {
  float rest_minus_one;  // expm1(rest)
  uint32_t exponent;     // n + 256

  // x from -104 to 89, or NaN
  explicit PS_LANES_INLINE ExponentialParts(float x) {
    constexpr float rounder = 0x1.8p23f;
    const float shifted = x * 0x1.715476p0f + rounder;
    const float whole = shifted - rounder;
    const float rest = (x - whole * 0x1.62e4p-1f) - whole * 0x1.7f7d1cp-20f;
    const float series = polynomial(rest, 0x1.6d117cp-10f, 0x1.120be2p-7f, 0x1.555518p-5f, 0x1.5554dcp-3f, 0.5f);
    rest_minus_one = series * rest * rest + rest;
    exponent = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(rounder) + 256;
  }
};

template <>
struct ExponentialParts<double> {
  double rest_minus_one;
  uint64_t exponent;  // n + 2048

  // x from -746 to 710, or NaN
  explicit PS_LANES_INLINE ExponentialParts(double x) {
    constexpr double rounder = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep0 + rounder;
    const double whole = shifted - rounder;
    const double rest = (x - whole * 0x1.62e42fefa38p-1) - whole * 0x1.ef35793c7673p-45;
    const double series = polynomial(rest, 0x1.af390ba7e6f47p-26, 0x1.2891d4ffbb0f9p-22, 0x1.71de0d85293b8p-19,
                                     0x1.a019b8ca26fcfp-16, 0x1.a01a01a7cebcdp-13, 0x1.6c16c1789d1d7p-10,
                                     0x1.11111111109a6p-7, 0x1.5555555553d37p-5, 0x1.5555555555556p-3, 0.5);
    rest_minus_one = series * rest * rest + rest;
    exponent = std::bit_cast<uint64_t>(shifted) - std::bit_cast<uint64_t>(rounder) + 2048;
  }
};

// Within 1.5 ulp.
struct Exponential {
  static PS_LANES_INLINE float apply(float x) {
    x = x > 89.0f ? 89.0f : x;  // a NaN stays
    x = x < -104.0f ? -104.0f : x;
    const ExponentialParts<float> parts(x);
    // 2^n in two factors: one alone would leave the range of floats near both ends.
    const uint32_t half = parts.exponent >> 1;
    return (parts.rest_minus_one + 1.0f) * std::bit_cast<float>((half - 1) << 23) *
           std::bit_cast<float>((parts.exponent - half - 1) << 23);
  }
  static PS_LANES_INLINE double apply(double x) {
    x = x > 710.0 ? 710.0 : x;
    x = x < -746.0 ? -746.0 : x;
    const ExponentialParts<double> parts(x);
    const uint64_t half = parts.exponent >> 1;
    return (parts.rest_minus_one + 1.0) * std::bit_cast<double>((half - 1) << 52) *
           std::bit_cast<double>((parts.exponent - half - 1) << 52);
  }
};

// exp(x) - 1 = 2 (h expm1(rest) + (h - 1/2)), h = 2^(n - 1): half of it, so that the largest n has an h too.
// Within 2 ulp.
struct ExponentialMinusOne {
  static PS_LANES_INLINE float apply(float x) {
    float limited = x > 89.0f ? 89.0f : x;
    limited = limited < -20.0f ? -20.0f : limited;
    const ExponentialParts<float> parts(limited);
    const float h = std::bit_cast<float>((parts.exponent - 130) << 23);
    const float result = (h * parts.rest_minus_one + (h - 0.5f)) * 2.0f;
    return std::fabs(x) < 0x1p-25f ? x : result;
  }
  static PS_LANES_INLINE double apply(double x) {
    double limited = x > 710.0 ? 710.0 : x;
    limited = limited < -40.0 ? -40.0 : limited;
    const ExponentialParts<double> parts(limited);
    const double h = std::bit_cast<double>((parts.exponent - 1026) << 52);
    const double result = (h * parts.rest_minus_one + (h - 0.5)) * 2.0;
    return std::fabs(x) < 0x1p-54 ? x : result;
  }
};

// expm1(2 |x|) / (expm1(2 |x|) + 2): within 2.5 ulp.
struct HyperbolicTangent {
  static PS_LANES_INLINE float apply(float x) {
    const float size = std::fabs(x);
    const float grown = ExponentialMinusOne::apply(2.0f * (size > 10.0f ? 10.0f : size));
    return std::copysign(grown / (grown + 2.0f), x);
  }
  static PS_LANES_INLINE double apply(double x) {
    const double size = std::fabs(x);
    const double grown = ExponentialMinusOne::apply(2.0 * (size > 20.0 ? 20.0 : size));
    return std::copysign(grown / (grown + 2.0), x);
  }
};

}  // namespace penstock::core::vectorised
