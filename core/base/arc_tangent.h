// The engine's own angle of a point, over lanes, with the promise of math.h: the same bits from every compiler, at every
// width, on a CPU and on a GPU.
//
//   angle_of_point(y, x)  as C's atan2f: the angle from the x axis to (x, y), anticlockwise, in [-pi, pi], within 3 ulp of
//                         the true value where that is a normal number.  (0, 0) gives 0 where x is +0 and pi where it is
//                         -0, with y's sign.  NaN where one is NaN, and where both are infinite.
//
// What includes this must be compiled without contraction, as math.h says.
#pragma once

#include "core/base/math.h"

namespace penstock::core {

// (t - atan t) / t^3 as a polynomial in t^2, minimax to t = tan(pi/8), the coefficients rounded one after another: relative
// to atan t within 2^-30.
template <int width>
PS_LANES_INLINE Lanes<float, width> arc_tangent_polynomial(Lanes<float, width> square) {
  const auto upper = 0x1.23ba0ep-3f + square * (-0x1.b22b70p-4f + square * 0x1.f30b94p-5f);
  return 0x1.55554ap-2f + square * (-0x1.9991e6p-3f + square * upper);
}

template <int width>
PS_LANES_INLINE Lanes<float, width> angle_of_point(Lanes<float, width> y, Lanes<float, width> x) {
  using L = Lanes<float, width>;
  using Bits = Lanes<int32_t, width>;
  constexpr int32_t sign_bit = std::numeric_limits<int32_t>::min();
  const L width_of = magnitude(x), height_of = magnitude(y);
  const L longer = maximum(width_of, height_of), shorter = minimum(width_of, height_of);
  const L divisor = select(longer == L(0.0f), L(1.0f), longer);
  const L slope = shorter / divisor;  // 0 to 1

  // Above tan(pi/8) it is pi/4 less the angle whose tangent is (1 - slope) / (1 + slope).
  const auto is_steep = slope > L(0x1.a8279ap-2f);
  const L tangent = select(is_steep, (slope - L(1.0f)) / (slope + L(1.0f)), slope);
  const L near = tangent - tangent * (tangent * tangent) * arc_tangent_polynomial(tangent * tangent);
  const L folded = select(is_steep, L(0x1.921fb6p-1f) + (near - L(0x1.777a5cp-26f)), near);

  // pi/2 and pi are taken with what their floats lack, so that the sum is rounded once.
  const L turned = select(height_of > width_of, L(0x1.921fb6p+0f) - (folded + L(0x1.777a5cp-25f)), folded);
  const auto is_left = LaneMask<float, width>{((bits_of(x) & Bits(sign_bit)) != Bits(0)).vector};  // -0 is left, too
  const L angle = select(is_left, L(0x1.921fb6p+1f) - (turned + L(0x1.777a5cp-24f)), turned);
  const L signed_angle = bit_cast_lanes<float>(bits_of(angle) | (bits_of(y) & Bits(sign_bit)));
  const L unknown = (x - x) + (y - y);      // NOLINT(misc-redundant-expression): NaN where one is not finite
  const auto is_nan = (x != x) | (y != y);  // NOLINT(misc-redundant-expression): NaN alone differs from itself
  return select(is_nan, unknown, signed_angle);
}

}  // namespace penstock::core
