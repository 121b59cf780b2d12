// The engine's own sine, cosine and floor, over lanes (lanes.h): the same bits from every compiler, at every width, on
// a CPU and on a GPU, where the C libraries differ in the last bit.  docs/decisions/0012 says why.
//
//   sine, cosine  within 1 ulp of the true value for every finite x (at most 0.81 for all floats, 0.80 for the doubles
//                 tried), and in [-1, 1]; sine(-0) is -0; NaN and the infinities give the positive quiet NaN
//   floor         exact; of the infinities and of -0 the argument itself, of NaN a NaN
//
// Numbers up to 0.78 in all lanes are fastest, then those up to usual_range; where one is beyond, the lanes are
// computed one after another.  Which way is taken never changes a bit: each gives what the others would.
//
// What includes this must be compiled without contraction: -ffp-contract=off, or nvcc's --fmad=false.
#pragma once

#include <cstdint>
#include <limits>

#include "core/base/lanes.h"

namespace penstock::core {

template <typename Number, int width>
PS_LANES_INLINE void sine_cosine(Lanes<Number, width> x, Lanes<Number, width> *sine, Lanes<Number, width> *cosine);
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> sine(Lanes<Number, width> x);
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> cosine(Lanes<Number, width> x);
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> floor(Lanes<Number, width> x);

// ---------------------------------------------------------------------------------------------------------------------
// How they are computed.

template <typename Number, int width>
PS_LANES_INLINE Lanes<TruthOf<Number>, width> bits_of(Lanes<Number, width> x) {
  return bit_cast_lanes<TruthOf<Number>>(x);
}
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> magnitude(Lanes<Number, width> x) {
  return bit_cast_lanes<Number>(bits_of(x) & std::numeric_limits<TruthOf<Number>>::max());
}

// Added and taken away again, it leaves the nearest integer, ties to even, of what is below 2^22 or 2^51; in between,
// the lowest bits are those of that integer.
template <typename Number>
inline constexpr Number rounder = static_cast<Number>(sizeof(Number) == 8 ? 0x1.8p52 : 0x1.8p23);

// The largest argument whose quarter turns are taken off in floating point.
template <typename Number>
inline constexpr Number usual_range = static_cast<Number>(sizeof(Number) == 8 ? 0x1p20 : 0x1p17);

// An angle as a whole number of quarter turns, of which only the last two bits count, and remainder - excess, which is
// within a little more than an eighth of a turn; remainder is rounded, and excess is by how much.
template <typename Number, int width>
struct ReducedAngle {
  Lanes<TruthOf<Number>, width> quarter_turns;
  Lanes<Number, width> remainder;
  Lanes<Number, width> excess;
};

// pi/2 is taken in two parts.  The first has 33 bits and turns at most 17, so that their product is exact, as is the
// difference; what the second loses is far below the nearest that a float comes to a multiple of pi/2.
//
// Here and below, x = -0 must come out as -0: hence each small term is subtracted, as +0.
template <int width>
PS_LANES_INLINE ReducedAngle<float, width> reduce_usual(Lanes<float, width> x) {
  const Lanes<float, width> shifted = x * 0x1.45f306p-1f + rounder<float>;
  const auto turns = (shifted - rounder<float>).template to<double>();
  const Lanes<double, width> exact = (x.template to<double>() - turns * 0x1.921fb544p0) - turns * 0x1.0b4611a626331p-34;
  const auto remainder = exact.template to<float>();
  return {bits_of(shifted), remainder, (remainder.template to<double>() - exact).template to<float>()};
}

// pi/2 in four parts of 33, 33, 33 and 53 bits, turns of 20: the first three products are exact, and so is the first
// difference.  The next two are exact with what they lost: in each the first operand is a multiple of the second's ulp.
template <int width>
PS_LANES_INLINE ReducedAngle<double, width> reduce_usual(Lanes<double, width> x) {
  const Lanes<double, width> shifted = x * 0x1.45f306dc9c883p-1 + rounder<double>;
  const Lanes<double, width> turns = shifted - rounder<double>;
  const Lanes<double, width> first = x - turns * 0x1.921fb544p0;
  const Lanes<double, width> second_part = turns * 0x1.0b4611a6p-34;
  const Lanes<double, width> second = first - second_part;
  const Lanes<double, width> second_lost = (first - second) - second_part;
  const Lanes<double, width> third_part = turns * 0x1.3198a2ep-69;
  const Lanes<double, width> third = second - third_part;
  const Lanes<double, width> third_lost = (second - third) - third_part;
  const Lanes<double, width> low = turns * 0x1.b839a252049c1p-104 - (second_lost + third_lost);
  const Lanes<double, width> remainder = third - low;
  return {bits_of(shifted), remainder, (remainder - third) + low};
}

// For finite |x| from 2^-10 on, by M. Payne and R. Hanek's method: x is a 53-bit integer times a power of 2, and of 2/pi
// only a window of 192 bits matters: those before it give whole turns, those after it change nothing that is kept.
PS_LANES_INLINE ReducedAngle<double, 1> reduce_any(Lanes<double, 1> x) {
  __extension__ using uint128 = unsigned __int128;
  constexpr uint64_t two_over_pi[20] = {// 64 zeros, then the bits after the point
                                        0x0000000000000000, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041,
                                        0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0, 0x06492EEA09D1921C, 0xFE1DEB1CB129A73E,
                                        0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4, 0x9C845F8BBDF9283B,
                                        0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7, 0x4F463F669E5FEA2D,
                                        0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB};
  constexpr uint64_t half_pi = 0xC90FDAA22168C235;  // times 2^-63
  const uint64_t bits = bit_cast_lanes<uint64_t>(x).vector;
  const uint64_t integer = (bits & 0x000FFFFFFFFFFFFF) | 0x0010000000000000;
  const int first_bit = static_cast<int>(bits >> 52 & 0x7FF) - 1013;
  const int word = first_bit / 64, shift = first_bit % 64;
  uint64_t window[3];
  for (int k = 0; k < 3; ++k)
    window[k] = two_over_pi[word + k] << shift | two_over_pi[word + k + 1] >> 1 >> (63 - shift);

  // 2 bits of whole quarter turns and 126 of fraction, then the fraction alone, from -1/2 to 1/2, by sign and size.
  const uint128 turns = (uint128{integer} * window[0] << 64) + uint128{integer} * window[1] +
                        static_cast<uint64_t>(uint128{integer} * window[2] >> 64);
  const auto nearest = static_cast<int64_t>((static_cast<uint64_t>(turns >> 125) + 1) >> 1);
  const uint128 fraction = turns << 2;
  const bool below = fraction >> 127 != 0;
  uint128 size = below ? 0 - fraction : fraction;

  // No double comes so near to a multiple of pi/2 that this takes more than 62 rounds; one is usual.
  int zeros = 0;
  for (; size >> 127 == 0; ++zeros) size <<= 1;
  const auto angle = static_cast<uint64_t>((size >> 64) * half_pi >> 64);
  const bool negative = x.vector < 0;
  const uint64_t sign = negative == below ? 0 : uint64_t{1} << 63;
  const Lanes<uint64_t, 1> unit_bits = sign | static_cast<uint64_t>(1023 - 63 - zeros) << 52;
  const auto unit = bit_cast_lanes<double>(unit_bits);
  return {negative ? -nearest : nearest, static_cast<double>(angle & ~uint64_t{0x7FF}) * unit,
          static_cast<double>(angle & 0x7FF) * -unit};
}

PS_LANES_INLINE ReducedAngle<double, 1> reduce_beyond(Lanes<double, 1> x) { return reduce_any(x); }
PS_LANES_INLINE ReducedAngle<float, 1> reduce_beyond(Lanes<float, 1> x) {
  const ReducedAngle<double, 1> wide = reduce_any(x.to<double>());
  const auto remainder = wide.remainder.to<float>();
  const auto excess = ((remainder.to<double>() - wide.remainder) + wide.excess).to<float>();
  return {wide.quarter_turns.to<int32_t>(), remainder, excess};
}

// (r - sin r) / r^3 and (cos r - 1 + r^2/2) / r^4 as polynomials in r^2: minimax, the coefficients rounded one after
// another.  Relative to sine and cosine they are within 2^-27.7 and 2^-32.5 to |r| = 0.80, and within 2^-57.8 and
// 2^-63.9 to |r| = 0.786.
template <int width>
PS_LANES_INLINE Lanes<float, width> sine_polynomial(Lanes<float, width> square) {
  return 0x1.555544p-3f + square * (-0x1.1106aep-7f + square * 0x1.990f94p-13f);
}
template <int width>
PS_LANES_INLINE Lanes<float, width> cosine_polynomial(Lanes<float, width> square) {
  return 0x1.555548p-5f + square * (-0x1.6c0af4p-10f + square * 0x1.999126p-16f);
}
template <int width>
PS_LANES_INLINE Lanes<double, width> sine_polynomial(Lanes<double, width> square) {
  const auto upper = 0x1.71de35552925fp-19 + square * (-0x1.ae5e4b811f901p-26 + square * 0x1.5d8b54772662ap-33);
  return 0x1.5555555555548p-3 + square * (-0x1.111111110f730p-7 + square * (0x1.a01a019be9206p-13 - square * upper));
}
template <int width>
PS_LANES_INLINE Lanes<double, width> cosine_polynomial(Lanes<double, width> square) {
  const auto upper = 0x1.27e4f7efaf076p-22 + square * (-0x1.1ee9da48f9838p-29 + square * 0x1.8fa59fc877d85p-37);
  return 0x1.555555555554bp-5 + square * (-0x1.6c16c16c15009p-10 + square * (0x1.a01a019c8d281p-16 - square * upper));
}

// Of remainder - excess.  The largest terms come last, so that their rounding is nearly the only one.
template <typename Number, int width>
PS_LANES_INLINE void sine_cosine_of_remainder(Lanes<Number, width> remainder, Lanes<Number, width> excess,
                                              Lanes<Number, width> *sine, Lanes<Number, width> *cosine) {
  const Lanes<Number, width> one = Number{1};
  const Lanes<Number, width> square = remainder * remainder;
  const Lanes<Number, width> half_square = square * static_cast<Number>(0.5);
  const Lanes<Number, width> rough = one - half_square;
  const Lanes<Number, width> rough_lost = (one - rough) - half_square;
  *sine = remainder - (remainder * square * sine_polynomial(square) + excess * rough);
  *cosine = rough + (rough_lost + (square * square * cosine_polynomial(square) + remainder * excess));
}

template <typename Number, int width>
PS_LANES_INLINE void sine_cosine_of_angle(ReducedAngle<Number, width> angle, Lanes<Number, width> *sine,
                                          Lanes<Number, width> *cosine) {
  using Bits = Lanes<TruthOf<Number>, width>;
  Lanes<Number, width> near_sine, near_cosine;
  sine_cosine_of_remainder(angle.remainder, angle.excess, &near_sine, &near_cosine);
  const Bits one = 1, two = 2;
  const auto is_odd = (angle.quarter_turns & one) == one;
  constexpr int from_second_to_sign = 8 * sizeof(Number) - 2;
  const Bits sine_sign = (angle.quarter_turns & two) << from_second_to_sign;
  const Bits cosine_sign = ((angle.quarter_turns + one) & two) << from_second_to_sign;
  *sine = bit_cast_lanes<Number>(select(is_odd, bits_of(near_cosine), bits_of(near_sine)) ^ sine_sign);
  *cosine = bit_cast_lanes<Number>(select(is_odd, bits_of(near_sine), bits_of(near_cosine)) ^ cosine_sign);
}

// Where a lane is beyond the usual range or not finite.
template <typename Number, int width>
PS_LANES_INLINE void sine_cosine_beyond(Lanes<Number, width> x, Lanes<Number, width> *sine,
                                        Lanes<Number, width> *cosine) {
  if constexpr (width == 1) {
    if (magnitude(x).vector <= std::numeric_limits<Number>::max()) {
      sine_cosine_of_angle(reduce_beyond(x), sine, cosine);
    } else {
      *sine = *cosine = std::numeric_limits<Number>::quiet_NaN();
    }
  } else {
    Number sines[width], cosines[width];
    x.store(sines);
    for (int lane = 0; lane < width; ++lane) {
      Lanes<Number, 1> lane_sine, lane_cosine;
      sine_cosine(Lanes<Number, 1>(sines[lane]), &lane_sine, &lane_cosine);
      lane_sine.store(sines + lane);
      lane_cosine.store(cosines + lane);
    }
    *sine = Lanes<Number, width>::load(sines);
    *cosine = Lanes<Number, width>::load(cosines);
  }
}

template <typename Number, int width>
PS_LANES_INLINE void sine_cosine(Lanes<Number, width> x, Lanes<Number, width> *sine, Lanes<Number, width> *cosine) {
  const Lanes<Number, width> size = magnitude(x);
  if ((size <= static_cast<Number>(0.78)).all()) {  // no quarter turn to take off: it would leave x and no excess
    sine_cosine_of_remainder(x, Lanes<Number, width>(Number{0}), sine, cosine);
  } else if ((size <= usual_range<Number>).all()) {
    sine_cosine_of_angle(reduce_usual(x), sine, cosine);
  } else {
    sine_cosine_beyond(x, sine, cosine);
  }
}

template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> sine(Lanes<Number, width> x) {
  Lanes<Number, width> sine, cosine;
  sine_cosine(x, &sine, &cosine);
  return sine;
}

template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> cosine(Lanes<Number, width> x) {
  Lanes<Number, width> sine, cosine;
  sine_cosine(x, &sine, &cosine);
  return cosine;
}

template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> floor(Lanes<Number, width> x) {
  const Lanes<Number, width> size = magnitude(x);
  const Lanes<Number, width> whole =
      static_cast<Number>(sizeof(Number) == 8 ? 0x1p52 : 0x1p23);  // from here on all are integers
  const auto sign = bits_of(x) ^ bits_of(size);
  const auto nearest = bit_cast_lanes<Number>(bits_of((size + whole) - whole) | sign);
  const auto below = select(nearest > x, nearest - Number{1}, nearest);
  return select(size < whole, below, x);
}

}  // namespace penstock::core
