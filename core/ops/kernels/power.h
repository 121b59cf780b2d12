// Powers of floats, computed in double and rounded once, written so that compilers make vectors of it: no branch, no table,
// no fused operation, so that each width of vectors gives the same bits.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/lanes.h"
#include "core/base/polynomial.h"

namespace penstock::core::vectorised {

// 2^(y log2 |x|).  The logarithm is that of logarithm.h with polynomials for less than half a float's ulp: 2^-36 for
// log2((1 + s) / (1 - s)) / s, and 2^-28 for 2^rest, |rest| <= 1/2.  Within 0.6 ulp (tests/python/test_vector_functions.py).
// Zeros, infinities, NaN and negative numbers are as the C library's.
struct PowerFloat {
  static PS_LANES_INLINE double logarithm2(float size) {
    constexpr float smallest_normal = std::numeric_limits<float>::min();
    constexpr int32_t sqrt_half = 0x3F3504F3;
    const bool is_subnormal = size < smallest_normal;
    const float scaled = size * 0x1p23f, normal = is_subnormal ? scaled : size;
    const int32_t bits = std::bit_cast<int32_t>(normal) - sqrt_half;
    const auto k = static_cast<float>((bits >> 23) - (is_subnormal ? 23 : 0));
    const auto f = static_cast<double>(std::bit_cast<float>((bits & 0x007FFFFF) + sqrt_half) - 1.0f);
    const double s = f / (2.0 + f), square = s * s;
    const double series = polynomial(square, 0x1.5d1a8fbc22b5dp-2, 0x1.a58af73b787acp-2, 0x1.277785084a002p-1,
                                     0x1.ec709d0c7ecb2p-1, 0x1.71547652bf28fp+1);
    return series * s + static_cast<double>(k);
  }
  static PS_LANES_INLINE float power_of_two(double exponent) {
    constexpr double rounder = 0x1.8p52;
    exponent = exponent > 200.0 ? 200.0 : exponent;  // a NaN stays
    exponent = exponent < -200.0 ? -200.0 : exponent;
    const double shifted = exponent + rounder, rest = exponent - (shifted - rounder);
    const double series = polynomial(rest, 0x1.443fffc90db59p-13, 0x1.5f48c04f62e5p-10, 0x1.3b2a1b7152befp-7,
                                     0x1.c6aecc669b6ddp-5, 0x1.ebfbe045f4d3cp-3, 0x1.62e430d034702p-1, 1.0);
    const uint64_t n = std::bit_cast<uint64_t>(shifted) - std::bit_cast<uint64_t>(rounder);
    return static_cast<float>(series * std::bit_cast<double>((n + 1023) << 52));
  }

  static PS_LANES_INLINE float apply(float x, float y) {
    constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    const float size = std::fabs(x), steps = std::fabs(y);
    const double of_positive = logarithm2(size), wide_size = size;
    const double of_finite = size < infinity ? of_positive : wide_size;  // infinity and NaN
    const double logarithm = size == 0 ? -std::numeric_limits<double>::infinity() : of_finite;
    const float power = power_of_two(static_cast<double>(y) * logarithm);
    // Whether y is whole and odd: above 2^23 all are whole, above 2^24 all are even.
    const float whole = (steps + 0x1p23f) - 0x1p23f, half = 0.5f * steps, whole_half = (half + 0x1p23f) - 0x1p23f;
    const bool is_large = steps >= 0x1p23f, is_whole = is_large | (whole == steps);
    const bool is_odd = is_whole & (steps < 0x1p24f) & (whole_half != half);
    const bool is_endless_one = (size == 1.0f) & (steps == infinity);
    const float from_one = is_endless_one ? 1.0f : power;
    const bool is_negative = std::copysign(1.0f, x) < 0;
    const float turned = -from_one, with_sign = (is_negative & is_odd) ? turned : from_one;
    const bool is_undefined = (x < 0) & (size < infinity) & !is_whole;
    const float result = is_undefined ? nan : with_sign;
    return ((y == 0) | (x == 1.0f)) ? 1.0f : result;
  }
};

}  // namespace penstock::core::vectorised
