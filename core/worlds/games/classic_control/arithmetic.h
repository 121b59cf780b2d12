// The two ways in which a classic-control game computes.
#pragma once

#include <cmath>
#include <numbers>

#include "core/base/lanes.h"
#include "core/base/math.h"

namespace penstock::core {

// Ours: own sine and cosine, so that every machine, width and precision gives the same bits.
struct OwnArithmetic {
  static constexpr bool follows_gymnasium = false;
  template <typename Number, int width>
  static PS_LANES_INLINE void sine_cosine(Lanes<Number, width> x, Lanes<Number, width> *sine,
                                          Lanes<Number, width> *cosine) {
    core::sine_cosine(x, sine, cosine);
  }
  template <typename Number, int width>
  static PS_LANES_INLINE Lanes<Number, width> square(Lanes<Number, width> x) {
    return x * x;
  }
};

// Gymnasium's, operation by operation, in f64: libm's sine and cosine, and its roundings to f32 where it makes them.
struct GymnasiumArithmetic {
  static constexpr bool follows_gymnasium = true;
  static void sine_cosine(Lanes<double, 1> x, Lanes<double, 1> *sine, Lanes<double, 1> *cosine) {
    *sine = std::sin(x.vector);
    *cosine = std::cos(x.vector);
  }
  // Python's x ** 2 is libm's pow, which now and then rounds otherwise than the product that a compiler would make of it.
  static Lanes<double, 1> square(Lanes<double, 1> x) {
    volatile double two = 2;
    return std::pow(x.vector, two);
  }
};

// Divided by a constant: by Gymnasium as it stands, by us as a product, which is a matter of one cycle and not of ten.
template <typename Arithmetic, typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> over(Lanes<Number, width> x, double constant) {
  if constexpr (Arithmetic::follows_gymnasium)
    return x / Lanes<Number, width>(static_cast<Number>(constant));
  else
    return x * Lanes<Number, width>(static_cast<Number>(1 / constant));
}

}  // namespace penstock::core
