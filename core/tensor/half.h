// Floating-point numbers of 16 and 8 bits as their bits, and their exact conversion to and from wider numbers: by integer
// arithmetic and a few exact floating-point operations, so that every CPU gives the same bits and loops vectorise.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/base/host_device.h"

namespace penstock::core {

// Sign, exponent, mantissa, from the top down.  Without an infinity the only NaN is all ones, and what is too large becomes
// NaN.
template <typename BitsType, int32_t exponent_width, int32_t mantissa_width, bool with_infinity>
struct SmallFloat {
  using Bits = BitsType;
  static constexpr int32_t exponent_bits = exponent_width;
  static constexpr int32_t mantissa_bits = mantissa_width;
  static constexpr bool has_infinity = with_infinity;
  static constexpr int32_t bias = (1 << (exponent_bits - 1)) - 1;
  static constexpr uint32_t sign_bit = uint32_t{1} << (exponent_bits + mantissa_bits);
  static constexpr uint32_t magnitude_mask = sign_bit - 1;
  static constexpr uint32_t infinity = (magnitude_mask >> mantissa_bits) << mantissa_bits;  // where there is one
  static constexpr uint32_t quiet_bit = uint32_t{1} << (mantissa_bits - 1);
  static constexpr uint32_t largest_non_nan = has_infinity ? infinity : magnitude_mask - 1;

  Bits bits;
  friend constexpr bool operator==(SmallFloat, SmallFloat) = default;  // of the bits
};

using Float16 = SmallFloat<uint16_t, 5, 10, true>;
using BFloat16 = SmallFloat<uint16_t, 8, 7, true>;
using Float8E4M3FN = SmallFloat<uint8_t, 4, 3, false>;
using Float8E5M2 = SmallFloat<uint8_t, 5, 2, true>;

template <typename Number>
concept AnySmallFloat = requires {
  typename Number::Bits;
  Number::mantissa_bits;
};

// value < limit ? below : otherwise, for numbers whose top bit is 0.  By a mask: for the operator a compiler makes a branch
// around a floating-point operation in below, and then does not vectorise the loop.
template <std::unsigned_integral Bits>
PS_HD constexpr Bits choose_below(Bits value, Bits limit, Bits below, Bits otherwise) {
  const Bits mask = Bits{0} - ((value - limit) >> (8 * sizeof(Bits) - 1));
  return (below & mask) | (otherwise & ~mask);
}

// How float and double are made up.
template <std::floating_point Wide>
struct WideLayout {
  using Bits = std::conditional_t<sizeof(Wide) == 4, uint32_t, uint64_t>;
  static constexpr int32_t mantissa_bits = std::numeric_limits<Wide>::digits - 1;
  static constexpr int32_t bias = std::numeric_limits<Wide>::max_exponent - 1;
  static constexpr Bits sign_bit = Bits{1} << (8 * sizeof(Wide) - 1);
  static constexpr Bits infinity = static_cast<Bits>(2 * bias + 1) << mantissa_bits;
  static constexpr Bits quiet_bit = Bits{1} << (mantissa_bits - 1);
  // 2^exponent for a normal number.
  PS_HD static constexpr Bits power_of_two(int32_t exponent) {
    return static_cast<Bits>(exponent + bias) << mantissa_bits;
  }
};

// Exact; a NaN keeps its sign and payload and becomes quiet.
template <AnySmallFloat Small>
PS_HD constexpr float to_float(Small small) {
  using Float = WideLayout<float>;
  constexpr int32_t added_bits = Float::mantissa_bits - Small::mantissa_bits;
  constexpr uint32_t rebias = static_cast<uint32_t>(Float::bias - Small::bias) << Float::mantissa_bits;
  const uint32_t magnitude = small.bits & Small::magnitude_mask;
  const uint32_t sign = (small.bits & Small::sign_bit) << (31 - Small::exponent_bits - Small::mantissa_bits);
  uint32_t wide = (magnitude << added_bits) + rebias;
  if constexpr (rebias != 0) {
    // Below the first normal number lie multiples of the smallest one, all of them normal as a float.
    constexpr auto smallest = std::bit_cast<float>(Float::power_of_two(1 - Small::bias - Small::mantissa_bits));
    const float multiple = static_cast<float>(static_cast<int32_t>(magnitude)) * smallest;
    wide = choose_below(magnitude, uint32_t{1} << Small::mantissa_bits, std::bit_cast<uint32_t>(multiple), wide);
    if constexpr (Small::has_infinity) wide = choose_below(magnitude, Small::infinity, wide, wide + rebias);
  }
  const uint32_t nan = Float::infinity | Float::quiet_bit | wide;
  wide = choose_below(Small::largest_non_nan, magnitude, nan, wide);
  return std::bit_cast<float>(sign | wide);
}

// Rounds once, to nearest, ties to even; what is too large becomes infinite, or NaN where there is no infinity.  A NaN
// keeps its sign and the upper bits of its payload and becomes quiet.
template <AnySmallFloat Small, std::floating_point Wide>
PS_HD constexpr Small round_to(Wide value) {
  using Layout = WideLayout<Wide>;
  using Bits = typename Layout::Bits;
  constexpr int32_t dropped_bits = Layout::mantissa_bits - Small::mantissa_bits;
  constexpr Bits rebias = static_cast<Bits>(Layout::bias - Small::bias) << Layout::mantissa_bits;
  const Bits bits = std::bit_cast<Bits>(value), magnitude = bits & ~Layout::sign_bit;

  // Just under half a unit, and the last bit kept: ties go to even.  A carry runs on into the exponent, up to infinity.
  const Bits half = (Bits{1} << (dropped_bits - 1)) - 1 + (magnitude >> dropped_bits & 1);
  Bits rounded = (magnitude - rebias + half) >> dropped_bits;
  if constexpr (rebias != 0) {
    // A number whose unit in the last place is the smallest small float: adding it rounds to multiples of that.
    constexpr Bits first_normal = Layout::power_of_two(1 - Small::bias);
    constexpr Bits rounder = Layout::power_of_two(1 - Small::bias - Small::mantissa_bits + Layout::mantissa_bits);
    const Bits below_normal = choose_below(magnitude, first_normal, magnitude, first_normal);
    const Wide sum = std::bit_cast<Wide>(below_normal) + std::bit_cast<Wide>(rounder);
    rounded = choose_below(magnitude, first_normal, std::bit_cast<Bits>(sum) - rounder, rounded);
  }
  constexpr Bits too_large = Small::has_infinity ? Small::infinity : Small::magnitude_mask;
  constexpr Bits kept_payload = Small::has_infinity ? Small::quiet_bit - 1 : 0;
  const Bits nan = too_large | Small::quiet_bit | (magnitude >> dropped_bits & kept_payload);
  const Bits bounded = choose_below(rounded, too_large, rounded, too_large);
  const Bits result = choose_below(Layout::infinity, magnitude, nan, bounded);
  const Bits sign = bits >> (8 * sizeof(Wide) - 1) << (Small::exponent_bits + Small::mantissa_bits);
  return {static_cast<typename Small::Bits>(result | sign)};
}

// The same for an integer.
template <AnySmallFloat Small, std::integral Integer>
PS_HD constexpr Small round_to(Integer value) {
  if constexpr (sizeof(Integer) <= 2) return round_to<Small>(static_cast<float>(value));  // exact
  if constexpr (sizeof(Integer) == 4) return round_to<Small>(static_cast<double>(value));
  bool negative = false;
  if constexpr (std::is_signed_v<Integer>) negative = value < 0;
  auto magnitude = static_cast<uint64_t>(value);
  if (negative) magnitude = 0 - magnitude;
  // More bits than a double has: the lowest kept one stands for all that go, so that no tie appears or is lost.
  constexpr uint64_t excess = 0x7ff;
  if (magnitude > uint64_t{1} << 53) magnitude = (magnitude | ((magnitude & excess) + excess)) & ~excess;
  const auto exact = static_cast<double>(magnitude);
  return round_to<Small>(negative ? -exact : exact);
}

}  // namespace penstock::core
