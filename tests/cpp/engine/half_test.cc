#include "core/tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/cpp/engine/reference.h"

namespace penstock::core {
namespace {

using reference::SmallFormat;

template <typename Small>
constexpr SmallFormat format_of{Small::exponent_bits, Small::mantissa_bits, Small::has_infinity};

template <typename Small>
class SmallFloatOf : public ::testing::Test {
 protected:
  static constexpr uint32_t patterns = Small::sign_bit * 2;
  static Small from_bits(uint32_t bits) { return {static_cast<typename Small::Bits>(bits)}; }
};
using SmallFloats = ::testing::Types<Float16, BFloat16, Float8E4M3FN, Float8E5M2>;
TYPED_TEST_SUITE(SmallFloatOf, SmallFloats);

TYPED_TEST(SmallFloatOf, EveryPatternWidensToItsValue) {
  for (uint32_t bits = 0; bits < this->patterns; ++bits) {
    const long double expected = reference::decode_small(format_of<TypeParam>, bits);
    const float wide = to_float(this->from_bits(bits));
    ASSERT_EQ(std::isnan(wide), std::isnan(expected)) << "bits " << bits;
    ASSERT_EQ(std::signbit(wide), std::signbit(expected)) << "bits " << bits;
    ASSERT_TRUE(wide == expected || std::isnan(wide)) << "bits " << bits;
  }
}

TYPED_TEST(SmallFloatOf, EveryPatternComesBackFromFloatAndDouble) {
  for (uint32_t bits = 0; bits < this->patterns; ++bits) {
    const float wide = to_float(this->from_bits(bits));
    // A signalling NaN comes back quiet.
    const bool is_nan = (bits & TypeParam::magnitude_mask) > TypeParam::largest_non_nan;
    const TypeParam expected = this->from_bits(is_nan ? bits | TypeParam::quiet_bit : bits);
    ASSERT_EQ(round_to<TypeParam>(wide).bits, expected.bits) << "bits " << bits;
    ASSERT_EQ(round_to<TypeParam>(static_cast<double>(wide)).bits, expected.bits) << "bits " << bits;
  }
}

// The number itself, what lies just beside it, and the same for the middle between it and the next.
template <typename Wide>
std::vector<Wide> neighbourhood(Wide number, Wide next) {
  const Wide middle = number + (next - number) / 2, infinity = std::numeric_limits<Wide>::infinity();
  std::vector<Wide> values;
  for (const Wide centre : {number, middle})
    for (const Wide value : {std::nextafter(centre, -infinity), centre, std::nextafter(centre, infinity)})
      values.push_back(value);
  return values;
}

template <typename Small, typename Wide>
void expect_nearest_around_every_number() {
  // Up to the number that would follow the largest.
  const uint32_t beyond = Small::has_infinity ? Small::infinity : Small::magnitude_mask;
  for (uint32_t bits = 0; bits < beyond; ++bits) {
    const auto number = static_cast<Wide>(reference::decode_small(format_of<Small>, bits));
    const auto step = number - static_cast<Wide>(reference::decode_small(format_of<Small>, bits == 0 ? 1 : bits - 1));
    const auto next = bits + 1 < beyond ? static_cast<Wide>(reference::decode_small(format_of<Small>, bits + 1))
                                        : number + std::fabs(step);
    for (const Wide value : neighbourhood(number, next))
      for (const Wide either : {value, -value}) {
        const uint32_t expected = reference::encode_small(format_of<Small>, static_cast<long double>(either));
        ASSERT_EQ(round_to<Small>(either).bits, expected) << "value " << either << " beside bits " << bits;
      }
  }
}

TYPED_TEST(SmallFloatOf, FloatsRoundToTheNearest) { expect_nearest_around_every_number<TypeParam, float>(); }

// A middle of two small numbers moved by one part in 2^53 is a tie as a float: rounding twice would show.
TYPED_TEST(SmallFloatOf, DoublesRoundToTheNearestAtOnce) { expect_nearest_around_every_number<TypeParam, double>(); }

TYPED_TEST(SmallFloatOf, WhatIsFarTooLargeOrSmallRoundsToTheEnds) {
  for (const double value : {1e300, 1e39, std::numeric_limits<double>::infinity(), 1e-300, 0.0,
                             std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()}) {
    EXPECT_EQ(round_to<TypeParam>(value).bits, reference::encode_small(format_of<TypeParam>, value)) << value;
    EXPECT_EQ(round_to<TypeParam>(-value).bits, reference::encode_small(format_of<TypeParam>, -value)) << -value;
  }
}

TYPED_TEST(SmallFloatOf, NanStaysAQuietNanOfItsSign) {
  for (const uint32_t wide_bits : {0x7f800001U, 0x7fc00000U, 0x7fffffffU, 0xff800001U, 0xffffffffU}) {
    const uint32_t bits = round_to<TypeParam>(std::bit_cast<float>(wide_bits)).bits;
    EXPECT_GT(bits & TypeParam::magnitude_mask, TypeParam::largest_non_nan) << std::hex << wide_bits;
    EXPECT_NE(bits & TypeParam::quiet_bit, 0U) << std::hex << wide_bits;
    EXPECT_EQ((bits & TypeParam::sign_bit) != 0, wide_bits >> 31 != 0) << std::hex << wide_bits;
  }
}

// Powers of two with one lower bit set are ties for some width, and one more or less breaks them.
template <typename Small, typename Integer>
void expect_nearest_around_powers_of_two() {
  for (int32_t exponent = 0; exponent < std::numeric_limits<Integer>::digits; ++exponent)
    for (int32_t lower = 0; lower <= exponent; ++lower)
      for (const int64_t beside : {-1, 0, 1}) {
        const uint64_t magnitude = (uint64_t{1} << exponent) + (uint64_t{1} << lower) + static_cast<uint64_t>(beside);
        for (const uint64_t bits : {magnitude, 0 - magnitude}) {
          const auto value = static_cast<Integer>(bits);
          const uint32_t expected = reference::encode_small(format_of<Small>, static_cast<long double>(value));
          ASSERT_EQ(round_to<Small>(value).bits, expected) << value;
        }
      }
}

TYPED_TEST(SmallFloatOf, IntegersRoundToTheNearestAtOnce) {
  expect_nearest_around_powers_of_two<TypeParam, uint64_t>();
  expect_nearest_around_powers_of_two<TypeParam, int64_t>();
  expect_nearest_around_powers_of_two<TypeParam, int32_t>();
  expect_nearest_around_powers_of_two<TypeParam, int16_t>();
}

TEST(SmallFloat, LowestIntegerIsRounded) {
  constexpr auto lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(to_float(round_to<BFloat16>(lowest)), -0x1p63f);
  EXPECT_EQ(to_float(round_to<Float16>(lowest)), -std::numeric_limits<float>::infinity());
}

TEST(SmallFloat, ConvertsInConstantExpressions) {
  static_assert(round_to<Float16>(1.0f).bits == 0x3c00);
  static_assert(round_to<Float16>(65520.0).bits == Float16::infinity);
  static_assert(round_to<BFloat16>(-2).bits == 0xc000);
  static_assert(to_float(Float16{0x0001}) == 0x1p-24f);
  static_assert(to_float(Float8E4M3FN{0x7e}) == 448.0f);
}

}  // namespace
}  // namespace penstock::core
