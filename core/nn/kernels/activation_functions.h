// Activations and their derivatives on single numbers, written so that compilers make vectors of loops over them: no branch, no
// table, no fused operation, so that each width of vectors gives the same bits.
//
// Each has value(x), and gradient(g, kept) = g f'(x), where kept is x if reads_input, else f(x).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "core/base/lanes.h"
#include "core/base/polynomial.h"
#include "core/nn/activation.h"
#include "core/ops/kernels/exponential.h"
#include "core/ops/kernels/logarithm.h"

namespace penstock::core::nn::pointwise {

using vectorised::Exponential;

template <typename Number>
PS_LANES_INLINE Number logistic(Number x) {
  return 1 / (1 + Exponential::apply(-x));
}

template <typename Number>
struct Linear {
  static constexpr bool reads_input = false;
  explicit PS_LANES_INLINE Linear(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const { return x; }
  PS_LANES_INLINE Number gradient(Number g, Number) const { return g; }
};

template <typename Number>
struct Relu {
  static constexpr bool reads_input = false;
  explicit PS_LANES_INLINE Relu(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const { return x < 0 ? 0 : x; }  // NaN stays
  PS_LANES_INLINE Number gradient(Number g, Number y) const { return y <= 0 ? 0 : g; }
};

template <typename Number>
struct LeakyRelu {
  static constexpr bool reads_input = false;
  Number slope;
  explicit PS_LANES_INLINE LeakyRelu(const Activation &activation) : slope(static_cast<Number>(activation.slope)) {}
  PS_LANES_INLINE Number value(Number x) const { return x > 0 ? x : x * slope; }
  PS_LANES_INLINE Number gradient(Number g, Number y) const { return y > 0 ? g : g * slope; }
};

template <typename Number>
struct Elu {
  static constexpr bool reads_input = false;
  Number alpha;
  explicit PS_LANES_INLINE Elu(const Activation &activation) : alpha(static_cast<Number>(activation.slope)) {}
  PS_LANES_INLINE Number value(Number x) const {
    const Number below = alpha * vectorised::ExponentialMinusOne::apply(x);
    return x > 0 ? x : below;
  }
  PS_LANES_INLINE Number gradient(Number g, Number y) const {
    const Number below = g * (y + alpha);
    return y > 0 ? g : below;
  }
};

template <typename Number>
struct Sigmoid {
  static constexpr bool reads_input = false;
  explicit PS_LANES_INLINE Sigmoid(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const { return logistic(x); }
  PS_LANES_INLINE Number gradient(Number g, Number y) const { return g * (y * (1 - y)); }
};

template <typename Number>
struct Tanh {
  static constexpr bool reads_input = false;
  explicit PS_LANES_INLINE Tanh(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const { return vectorised::HyperbolicTangent::apply(x); }
  PS_LANES_INLINE Number gradient(Number g, Number y) const { return g * (1 - y * y); }
};

template <typename Number>
struct Silu {
  static constexpr bool reads_input = true;
  explicit PS_LANES_INLINE Silu(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const { return x / (1 + Exponential::apply(-x)); }
  PS_LANES_INLINE Number gradient(Number g, Number x) const {
    const Number part = logistic(x);
    return g * (part * (1 + x * (1 - part)));
  }
};

// tanh(log(1 + w)), w = e^x, is n / (n + 2) with n = w (w + 2).
template <typename Number>
struct Mish {
  static constexpr bool reads_input = true;
  explicit PS_LANES_INLINE Mish(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const {
    const Number w = power(x), n = w * (w + 2);
    return x * (n / (n + 2));
  }
  PS_LANES_INLINE Number gradient(Number g, Number x) const {
    const Number w = power(x), n = w * (w + 2), r = 1 / (n + 2);
    return g * (n * r + 4 * x * (w * r) * ((1 + w) * r));
  }

 private:
  // From 40 on the quotient is 1 in both types.
  static PS_LANES_INLINE Number power(Number x) { return Exponential::apply(x > 40 ? 40 : x); }
};

// From 80 on, where e^z is still finite, log(1 + e^z) is z in both types.
template <typename Number>
struct Softplus {
  static constexpr bool reads_input = true;
  Number slope, threshold;
  explicit PS_LANES_INLINE Softplus(const Activation &activation)
      : slope(static_cast<Number>(activation.slope)),
        threshold(static_cast<Number>(activation.threshold < 80 ? activation.threshold : 80)) {}
  PS_LANES_INLINE Number value(Number x) const {
    const Number z = slope * x;
    const Number below = vectorised::LogarithmOnePlus::apply(Exponential::apply(z)) / slope;
    return z > threshold ? x : below;
  }
  PS_LANES_INLINE Number gradient(Number g, Number x) const {
    const Number z = slope * x, below = g * logistic(z);
    return z > threshold ? g : below;
  }
};

// x > 0: 1 - Phi(-x), else Phi(x), where Phi(-a) = e^(-a^2 / 2) q(a) is the normal distribution's tail.  (a + 4) / 4 q(a) is a
// polynomial in u = (a - 4) / (a + 4), from Chebyshev's series of it: within 2^-26 and 2^-54 up to where the power is 0.
template <typename Number>
struct NormalDistribution {
  Number power;    // e^(-x^2 / 2)
  Number at_most;  // Phi(x)

  explicit PS_LANES_INLINE NormalDistribution(Number x) {
    constexpr Number far = sizeof(Number) == 8 ? 40 : 15;  // the power is 0 there
    Number size = std::fabs(x);
    size = size > far ? far : size;
    power = power_of_square(size);
    const Number reciprocal = 1 / (size + 4);
    const Number tail = series((size - 4) * reciprocal) * (4 * reciprocal) * power;
    at_most = x > 0 ? 1 - tail : tail;
  }

 private:
  // The square's upper half is exact, so that a large one does not spoil the power.
  static PS_LANES_INLINE Number power_of_square(Number size) {
    using Bits = std::conditional_t<sizeof(Number) == 8, uint64_t, uint32_t>;
    constexpr Bits upper = ~((Bits{1} << (sizeof(Number) == 8 ? 27 : 12)) - 1);
    const Number head = std::bit_cast<Number>(std::bit_cast<Bits>(size) & upper);
    const Number low = static_cast<Number>(-0.5) * ((size - head) * (size + head));
    const Number whole = Exponential::apply(static_cast<Number>(-0.5) * head * head);
    Number rest = static_cast<Number>(1.0 / 120) * low + static_cast<Number>(1.0 / 24);
    rest = rest * low + static_cast<Number>(1.0 / 6);
    rest = rest * low + static_cast<Number>(0.5);
    rest = rest * low + 1;
    return whole + whole * (rest * low);
  }

  static PS_LANES_INLINE float series(float u) {
    return polynomial(u, -0x1.0307cep-15f, 0x1.95fd6ap-15f, 0x1.9b3f5ep-12f, -0x1.cdc602p-11f, -0x1.ed474ep-10f,
                      0x1.eed97p-7f, -0x1.7dffcep-5f, 0x1.8c6d8ep-4f, -0x1.373e3ap-3f, 0x1.82b4bcp-3f);
  }
  static PS_LANES_INLINE double series(double u) {
    return polynomial(u, -0x1.0959f1400a390p-32, 0x1.3fb7ce475a168p-36, 0x1.de6d02a26289cp-29, 0x1.f4eaa9c85bbb0p-29,
                      -0x1.480d99ae63529p-26, -0x1.4b471811b0210p-25, 0x1.1b207d62865e8p-24, 0x1.11c074ae9e33fp-22,
                      -0x1.4f9d808db1d2fp-23, -0x1.8d35cd874dc01p-20, 0x1.7fdd9eeeb883fp-23, 0x1.26cf8dea72ab1p-17,
                      -0x1.0011cb7c88079p-21, -0x1.e4a415fb8cca5p-15, 0x1.17a4a6b9505f7p-15, 0x1.ab825f7e9996dp-12,
                      -0x1.c81719cabcedep-11, -0x1.ee2761034c407p-10, 0x1.eec4cc3e4560cp-7, -0x1.7dff2bff6889ap-5,
                      0x1.8c6dbf2cfc2fdp-4, -0x1.373e3a893c287p-3, 0x1.82b4bb8c94dcep-3);
  }
};

template <typename Number>
struct Gelu {
  static constexpr bool reads_input = true;
  explicit PS_LANES_INLINE Gelu(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const { return x * NormalDistribution<Number>(x).at_most; }
  PS_LANES_INLINE Number gradient(Number g, Number x) const {
    constexpr auto density_of_0 = static_cast<Number>(0.39894228040143267794);
    const NormalDistribution<Number> normal(x);
    return g * (normal.at_most + x * (normal.power * density_of_0));
  }
};

// (1 + tanh(a)) / 2 is the logistic function of 2 a.
template <typename Number>
struct GeluTanh {
  static constexpr bool reads_input = true;
  static constexpr auto scale = static_cast<Number>(2 * 0.79788456080286535588);  // 2 sqrt(2 / pi)
  static constexpr auto cube = static_cast<Number>(0.044715);
  explicit PS_LANES_INLINE GeluTanh(const Activation &) {}
  PS_LANES_INLINE Number value(Number x) const {
    return x / (1 + Exponential::apply(-(scale * (x + cube * (x * x * x)))));
  }
  PS_LANES_INLINE Number gradient(Number g, Number given) const {
    const Number above = given > 64 ? 64 : given, x = above < -64 ? -64 : above;  // beyond, it is 1 and 0
    const Number part = logistic(scale * (x + cube * (x * x * x)));
    return g * (part + x * part * (1 - part) * (scale * (1 + 3 * cube * (x * x))));
  }
};

}  // namespace penstock::core::nn::pointwise
