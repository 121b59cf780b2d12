// Sines, cosines and tangents, written so that compilers make vectors of them: no branch, no table, no fused operation, so
// that each width of vectors gives the same bits.
//
// Errors are the largest seen beside a wider type (tests/python/test_vector_functions.py asserts them), for angles up to
// 2^15 of float and 2^20 of double; is_beyond() tells the others, which the C library serves.
//
// x = n pi/2 + rest, |rest| < 0.79: n's two low bits choose among the sine and the cosine of the rest, and their signs.
// pi/2 is taken in parts, of which the first have so few bits that their products with n are exact.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "core/base/lanes.h"
#include "core/base/polynomial.h"

namespace penstock::core::vectorised {

// The sine and the cosine of a rest, |rest| < 0.79 or little more, which is the sum of two numbers; of floats the second is 0.
PS_LANES_INLINE float sine_of_rest(float rest, float) {
  const float square = rest * rest;
  return ((-0x1.9abc2cp-13f * square + 0x1.110c1p-7f) * square - 0x1.555552p-3f) * square * rest + rest;
}
PS_LANES_INLINE float cosine_of_rest(float rest, float) {
  const float square = rest * rest;
  const float tail = (0x1.9bcdc6p-16f * square - 0x1.6c12bep-10f) * square + 0x1.555554p-5f;
  return tail * square * square + (1.0f - 0.5f * square);
}
PS_LANES_INLINE double sine_of_rest(double rest, double low) {
  const double square = rest * rest;
  const double series = polynomial(square, 0x1.5e0333e3ccba1p-33, -0x1.ae5ff4f957b14p-26, 0x1.71de3781495ffp-19,
                                   -0x1.a01a019e73325p-13, 0x1.1111111110b6cp-7, -0x1.5555555555555p-3);
  return rest + (series * square * rest + low * (1.0 - 0.5 * square));
}
PS_LANES_INLINE double cosine_of_rest(double rest, double low) {
  const double square = rest * rest;
  const double tail = polynomial(square, -0x1.9075bb669682cp-37, 0x1.1eeb5de1e2b95p-29, -0x1.27e4fa0d3726cp-22,
                                 0x1.a01a019f4671dp-16, -0x1.6c16c16c16944p-10, 0x1.5555555555555p-5);
  const double half = 0.5 * square, begin = 1.0 - half;
  return begin + (((1.0 - begin) - half) + (tail * square * square - rest * low));
}

template <typename Number>
struct Angle;

template <>
struct Angle<float> {
  float sine, cosine;  // of the rest
  uint32_t quarter;    // n, of which the two low bits count

  explicit PS_LANES_INLINE Angle(float x) {
    constexpr float rounder = 0x1.8p23f;
    const float shifted = x * 0x1.45f306p-1f + rounder;
    const auto n = static_cast<double>(shifted - rounder);
    quarter = std::bit_cast<uint32_t>(shifted);
    const auto rest = static_cast<float>((static_cast<double>(x) - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34);
    sine = sine_of_rest(rest, 0.0f);
    cosine = cosine_of_rest(rest, 0.0f);
  }
};

template <>
struct Angle<double> {
  double sine, cosine;
  uint64_t quarter;

  explicit PS_LANES_INLINE Angle(double x) {
    constexpr double rounder = 0x1.8p52;
    const double shifted = x * 0x1.45f306dc9c883p-1 + rounder, n = shifted - rounder;
    quarter = std::bit_cast<uint64_t>(shifted);
    // The rest as the sum of two numbers, since its digits cancel near multiples of pi/2.
    const double first = x - n * 0x1.921fb544p0;
    const double second = n * 0x1.0b4611a6p-34, closer = first - second;
    const double third = n * 0x1.3198a2e037073p-69 - ((first - closer) - second);
    const double rest = closer - third, low = (closer - rest) - third;
    sine = sine_of_rest(rest, low);
    cosine = cosine_of_rest(rest, low);
  }
};

struct AnglesUpToLimit {
  template <typename Number>
  static PS_LANES_INLINE bool is_beyond(Number x) {
    return std::fabs(x) > (sizeof(Number) == 8 ? Number{0x1p20} : Number{0x1p15});  // infinities; a NaN is not
  }
};

// Within 2 ulp for float, 1 for double.
struct Sine : AnglesUpToLimit {
  template <typename Number>
  static PS_LANES_INLINE Number apply(Number x) {
    const Angle<Number> angle(x);
    const Number size = (angle.quarter & 1) != 0 ? angle.cosine : angle.sine;
    const Number signed_size = (angle.quarter & 2) != 0 ? -size : size;
    return x == 0 ? x : signed_size;  // -0 too
  }
  template <typename Number>
  static Number beyond(Number x) {
    return std::sin(x);
  }
};

// Within 2 ulp for float, 1 for double.
struct Cosine : AnglesUpToLimit {
  template <typename Number>
  static PS_LANES_INLINE Number apply(Number x) {
    const Angle<Number> angle(x);
    const Number size = (angle.quarter & 1) != 0 ? angle.sine : angle.cosine;
    return ((angle.quarter + 1) & 2) != 0 ? -size : size;
  }
  template <typename Number>
  static Number beyond(Number x) {
    return std::cos(x);
  }
};

// Within 3.5 ulp for float, 2.5 for double.
struct Tangent : AnglesUpToLimit {
  template <typename Number>
  static PS_LANES_INLINE Number apply(Number x) {
    const Angle<Number> angle(x);
    const bool is_odd = (angle.quarter & 1) != 0;
    const Number upper = is_odd ? -angle.cosine : angle.sine, lower = is_odd ? angle.sine : angle.cosine;
    const Number result = upper / lower;
    return x == 0 ? x : result;
  }
  template <typename Number>
  static Number beyond(Number x) {
    return std::tan(x);
  }
};

}  // namespace penstock::core::vectorised
