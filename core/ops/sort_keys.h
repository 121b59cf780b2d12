// Elements as unsigned integers that are ordered as the elements are, so that one sort serves every dtype.
//
// A NaN, of whatever sign and payload, is above all else; -0 and 0 are equal.  Elements that are equal may thus differ in
// their bits: from their keys they cannot be told apart.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "core/base/error.h"
#include "core/tensor/dtype.h"
#include "core/tensor/half.h"

namespace penstock::core {

// A key map has: Bits, an element as the unsigned integer of its size; Key, uint32_t or uint64_t; key() and bits() between
// them, where bits() gives one of the elements that have a key; has_equals, whether elements of different bits may be
// equal, and then is_one_of_equals(), true for those that others may be equal to; has_nan, whether the highest key is a
// NaN's alone.
template <std::unsigned_integral BitsType>
struct UnsignedKeyMap {
  using Bits = BitsType;
  using Key = std::conditional_t<sizeof(Bits) == 8, uint64_t, uint32_t>;
  static constexpr bool has_equals = false, has_nan = false;
  static Key key(Bits bits) { return bits; }
  static Bits bits(Key key) { return static_cast<Bits>(key); }
};

template <std::unsigned_integral BitsType>
struct SignedKeyMap {
  using Bits = BitsType;
  using Key = std::conditional_t<sizeof(Bits) == 8, uint64_t, uint32_t>;
  static constexpr bool has_equals = false, has_nan = false;
  static constexpr auto sign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  static Key key(Bits bits) { return static_cast<Bits>(bits ^ sign); }
  static Bits bits(Key key) { return static_cast<Bits>(static_cast<Bits>(key) ^ sign); }
};

// Any byte but 0 is true.
struct TruthKeyMap {
  using Bits = uint8_t;
  using Key = uint32_t;
  static constexpr bool has_equals = false, has_nan = false;
  static Key key(Bits bits) { return bits != 0 ? 1 : 0; }
  static Bits bits(Key key) { return static_cast<Bits>(key); }
};

template <std::unsigned_integral BitsType, BitsType infinity>
struct FloatKeyMap {
  using Bits = BitsType;
  using Key = std::conditional_t<sizeof(Bits) == 8, uint64_t, uint32_t>;
  static constexpr bool has_equals = true, has_nan = true;
  static constexpr int32_t top = 8 * sizeof(Bits) - 1;
  static constexpr auto all = static_cast<Bits>(~Bits{0});
  static constexpr auto sign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  static constexpr auto magnitude_mask = static_cast<Bits>(sign - 1);

  // By masks: no branch could foresee the sign.
  static Key key(Bits bits) {
    const auto magnitude = static_cast<Bits>(bits & magnitude_mask);
    const auto is_negative = static_cast<Bits>(Bits{0} - static_cast<Bits>(bits >> top));  // all bits, or none
    const auto flipped = static_cast<Bits>(bits ^ (is_negative | sign));
    const Bits ordered = magnitude == 0 ? sign : flipped;
    return magnitude > infinity ? all : ordered;
  }
  static Bits bits(Key key) {
    const auto narrow = static_cast<Bits>(key);
    const auto is_negative = static_cast<Bits>(static_cast<Bits>(narrow >> top) - 1);
    return static_cast<Bits>(narrow ^ (is_negative | sign));
  }
  static bool is_one_of_equals(Bits bits) {
    const auto magnitude = static_cast<Bits>(bits & magnitude_mask);
    return (magnitude == 0) | (magnitude > infinity);
  }
};

// Calls body with the key map of a dtype of real numbers or bool; throws type_mismatch, naming what wanted it, for others.
template <typename Body>
void with_key_map(DType dtype, std::string_view wanted_by, Body body) {
  switch (dtype) {
    case DType::bool8: return body(TruthKeyMap{});
    case DType::int8: return body(SignedKeyMap<uint8_t>{});
    case DType::int16: return body(SignedKeyMap<uint16_t>{});
    case DType::int32: return body(SignedKeyMap<uint32_t>{});
    case DType::int64: return body(SignedKeyMap<uint64_t>{});
    case DType::uint8: return body(UnsignedKeyMap<uint8_t>{});
    case DType::uint16: return body(UnsignedKeyMap<uint16_t>{});
    case DType::uint32: return body(UnsignedKeyMap<uint32_t>{});
    case DType::uint64: return body(UnsignedKeyMap<uint64_t>{});
    case DType::float16: return body(FloatKeyMap<uint16_t, static_cast<uint16_t>(Float16::infinity)>{});
    case DType::bfloat16: return body(FloatKeyMap<uint16_t, static_cast<uint16_t>(BFloat16::infinity)>{});
    case DType::float32: return body(FloatKeyMap<uint32_t, WideLayout<float>::infinity>{});
    case DType::float64: return body(FloatKeyMap<uint64_t, WideLayout<double>::infinity>{});
    default:
      fail(Status::type_mismatch, wanted_by, " does not take ", dtype, ": expected bool, integers or floating numbers");
  }
}

}  // namespace penstock::core
