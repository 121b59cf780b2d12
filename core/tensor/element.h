// One element of any dtype: its C++ type, its conversion to another, and whether two are equal.  Written once for the CPU and
// the GPU, with the same bits from both: only operations that IEEE 754 rounds one way, no contraction, and NaNs by their
// bits, since a GPU's conversions give all of them one pattern.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/base/host_device.h"
#include "core/tensor/half.h"

namespace penstock::core {

struct Bool8 {
  uint8_t byte;
};

template <std::floating_point PartType>
struct Complex {
  using Part = PartType;
  Part real, imaginary;
};

template <typename Element>
concept AnyComplex = requires {
  typename Element::Part;
};

template <typename Element>
PS_HD bool is_true(Element value) {
  if constexpr (AnyComplex<Element>)
    return (value.real != 0) | (value.imaginary != 0);
  else if constexpr (AnySmallFloat<Element>)
    return (value.bits & Element::magnitude_mask) != 0;
  else
    return value != 0;
}

template <std::integral Integer, std::floating_point Floating>
PS_HD Integer saturate(Floating value) {
  using Limits = std::numeric_limits<Integer>;
  constexpr auto lowest = static_cast<Floating>(Limits::min());  // a power of two or 0: exact
  constexpr Integer half = Limits::max() / 2 + 1;
  constexpr Floating beyond = static_cast<Floating>(half) * 2;  // as well, and one more than the highest
  // Selections rather than branches, and a conversion that is always defined: the loop around this vectorises.
  const Floating inside = ((value > lowest) & (value < beyond)) ? value : Floating{0};
  // Narrow integers come by way of int32, for which every CPU has an instruction.
  using Step = std::conditional_t<(sizeof(Integer) < 4), int32_t, Integer>;
  const auto truncated = static_cast<Integer>(static_cast<Step>(inside));
  const Integer bounded = value >= beyond ? Limits::max() : truncated;
  return value <= lowest ? Limits::min() : bounded;
}

// float to double and back: rounded to nearest, a NaN keeps its sign and the upper bits of its payload and becomes quiet.
// So CPUs do it by themselves.
template <std::floating_point To, std::floating_point From>
PS_HD To convert_width(From value) {
#ifdef __CUDA_ARCH__
  if (value != value) {
    using ToLayout = WideLayout<To>;
    using FromLayout = WideLayout<From>;
    const auto bits = std::bit_cast<typename FromLayout::Bits>(value);
    const auto sign = static_cast<typename ToLayout::Bits>((bits & FromLayout::sign_bit) != 0 ? ToLayout::sign_bit : 0);
    const typename FromLayout::Bits payload = bits & (FromLayout::quiet_bit - 1);
    constexpr int32_t shift = ToLayout::mantissa_bits - FromLayout::mantissa_bits;
    typename ToLayout::Bits moved;
    if constexpr (shift >= 0)
      moved = static_cast<typename ToLayout::Bits>(payload) << shift;
    else
      moved = static_cast<typename ToLayout::Bits>(payload >> -shift);
    return std::bit_cast<To>(sign | ToLayout::infinity | ToLayout::quiet_bit | moved);
  }
#endif
  return static_cast<To>(value);
}

template <typename To, typename From>
PS_HD To convert(From value) {
  if constexpr (std::is_same_v<To, From>)
    return value;
  else if constexpr (AnyComplex<To> && AnyComplex<From>)
    return {convert<typename To::Part>(value.real), convert<typename To::Part>(value.imaginary)};
  else if constexpr (AnyComplex<To>)
    return {convert<typename To::Part>(value), 0};
  else if constexpr (std::is_same_v<From, Bool8>)
    return convert<To>(static_cast<uint8_t>((value.byte + 255) >> 8));  // != 0, but vectorised
  else if constexpr (std::is_same_v<To, Bool8>)
    return {static_cast<uint8_t>(is_true(value))};
  else if constexpr (AnyComplex<From>)
    return convert<To>(value.real);
  else if constexpr (AnySmallFloat<From>)
    return convert<To>(to_float(value));
  else if constexpr (AnySmallFloat<To>)
    return round_to<To>(value);
  else if constexpr (std::floating_point<From> && std::integral<To>)
    return saturate<To>(value);
  else if constexpr (std::floating_point<From> && std::floating_point<To>)
    return convert_width<To>(value);
  else
    return static_cast<To>(value);
}

// Whether two elements have the same value: -0 equals 0, any NaN any other; a complex number with one in either part is
// NaN, a Bool8 is true for any byte but 0.
template <typename Element>
PS_HD bool is_nan(Element value) {
  if constexpr (AnyComplex<Element>)
    return static_cast<bool>((value.real != value.real) | (value.imaginary != value.imaginary));
  else
    return value != value;  // NOLINT(misc-redundant-expression): only a NaN is unlike itself
}

template <typename Element>
PS_HD bool is_same_value(Element first, Element second) {
  if constexpr (std::is_same_v<Element, Bool8>) {
    return (first.byte != 0) == (second.byte != 0);
  } else if constexpr (AnySmallFloat<Element>) {
    return is_same_value(to_float(first), to_float(second));
  } else if constexpr (AnyComplex<Element>) {
    const int is_equal = (first.real == second.real) & (first.imaginary == second.imaginary);
    return (is_equal | (static_cast<int>(is_nan(first)) & static_cast<int>(is_nan(second)))) != 0;
  } else {
    const int is_equal = first == second;
    return (is_equal | (static_cast<int>(is_nan(first)) & static_cast<int>(is_nan(second)))) != 0;
  }
}

}  // namespace penstock::core
