#include "core/base/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace penstock::core {
namespace {

// One kind of lanes, and sixteen numbers that it takes in groups of `width`: whatever the width, each result must be
// the one that the plain operation gives number by number.
template <typename NumberType, int lane_count>
struct Kind {
  using Number = NumberType;
  static constexpr int width = lane_count;
};

constexpr size_t count = 16;
template <typename Number>
using Sixteen = std::array<Number, count>;

template <typename KindOfLanes>
class LanesOf : public ::testing::Test {
 protected:
  using Number = typename KindOfLanes::Number;
  static constexpr int width = KindOfLanes::width;
  using Some = Lanes<Number, width>;
  using Mask = LaneMask<Number, width>;

  // Every order of a against b; the floats have both zeros, NaN and the infinities in them.
  static Sixteen<Number> first() {
    Sixteen<Number> numbers{3, 1, 2, 9, 0, 7, 7, 120, 5, 6, 100, 1, 2, 0, 4, 8};
    if constexpr (std::is_signed_v<Number>) numbers[1] = -7, numbers[10] = -100, numbers[13] = Number(-0.0);
    if constexpr (std::is_floating_point_v<Number>) {
      numbers[2] = std::numeric_limits<Number>::quiet_NaN();
      numbers[6] = std::numeric_limits<Number>::infinity();
      numbers[9] = Number(0.375);
    }
    return numbers;
  }
  static Sixteen<Number> second() {
    Sixteen<Number> numbers{3, 2, 1, 4, 1, 7, 8, 3, 2, 9, 11, 1, 5, 3, 4, 1};
    if constexpr (std::is_floating_point_v<Number>) {
      numbers[3] = std::numeric_limits<Number>::quiet_NaN();
      numbers[7] = -std::numeric_limits<Number>::infinity();
      numbers[13] = 0;
    }
    return numbers;
  }

  // made(a, b) over groups of `width` must store what plain(a, b) gives, to the bit; any NaN equals any other.
  template <typename Made, typename Plain>
  static void expect_each(Made made, Plain plain) {
    const Sixteen<Number> a = first(), b = second();
    Sixteen<Number> results{};
    for (size_t at = 0; at < count; at += width) made(Some::load(&a[at]), Some::load(&b[at])).store(&results[at]);
    for (size_t at = 0; at < count; ++at) {
      const Number expected = plain(a[at], b[at]);
      EXPECT_TRUE(same(results[at], expected)) << a[at] << ' ' << b[at] << ": " << results[at] << ", not " << expected;
    }
  }
  template <typename Made, typename Plain>
  static void expect_each_truth(Made made, Plain plain) {
    const Sixteen<Number> a = first(), b = second();
    std::array<bool, count> results{};
    for (size_t at = 0; at < count; at += width) made(Some::load(&a[at]), Some::load(&b[at])).store(&results[at]);
    for (size_t at = 0; at < count; ++at) EXPECT_EQ(results[at], plain(a[at], b[at])) << a[at] << ' ' << b[at];
  }

  static bool same(Number a, Number b) {
    if constexpr (std::is_floating_point_v<Number>)
      return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
    return a == b;
  }

  // Lane k is true where bit k is set.
  static Mask mask_of(unsigned bits) {
    Sixteen<Number> numbers{};
    for (size_t lane = 0; lane < width; ++lane) numbers[lane] = static_cast<Number>(bits >> lane & 1);
    return Some::load(numbers.data()) == Some(Number{1});
  }
};

template <typename Number>
using Widths = ::testing::Types<Kind<Number, 1>, Kind<Number, 2>, Kind<Number, 4>, Kind<Number, 8>, Kind<Number, 16>>;
TYPED_TEST_SUITE_P(LanesOf);

TYPED_TEST_P(LanesOf, ArithmeticIsThatOfEachLane) {
  this->expect_each([](auto a, auto b) { return a + b; }, [](auto a, auto b) { return a + b; });
  this->expect_each([](auto a, auto b) { return a - b; }, [](auto a, auto b) { return a - b; });
  this->expect_each([](auto a, auto b) { return a * b; }, [](auto a, auto b) { return a * b; });
  this->expect_each([](auto a, auto) { return -a; }, [](auto a, auto) { return -a; });
  if constexpr (std::is_floating_point_v<typename TypeParam::Number>)
    this->expect_each([](auto a, auto b) { return a / b; }, [](auto a, auto b) { return a / b; });
}

TYPED_TEST_P(LanesOf, NumberStandsForItselfInEveryLane) {
  using Number = typename TypeParam::Number;
  using Some = Lanes<Number, TypeParam::width>;
  for (const Number number :
       {Number{7}, Number{0}, static_cast<Number>(-Number{0}), std::numeric_limits<Number>::max()})
    this->expect_each([&](auto, auto) { return Some(number); }, [&](auto, auto) { return number; });
  this->expect_each([](auto a, auto) { return a * Number{3}; }, [](auto a, auto) { return a * Number{3}; });
  this->expect_each([](auto a, auto) { return Number{3} - a; }, [](auto a, auto) { return Number{3} - a; });
}

TYPED_TEST_P(LanesOf, ComparisonsAreThoseOfEachLaneAndFalseForNan) {
  this->expect_each_truth([](auto a, auto b) { return a < b; }, [](auto a, auto b) { return a < b; });
  this->expect_each_truth([](auto a, auto b) { return a <= b; }, [](auto a, auto b) { return a <= b; });
  this->expect_each_truth([](auto a, auto b) { return a > b; }, [](auto a, auto b) { return a > b; });
  this->expect_each_truth([](auto a, auto b) { return a >= b; }, [](auto a, auto b) { return a >= b; });
  this->expect_each_truth([](auto a, auto b) { return a == b; }, [](auto a, auto b) { return a == b; });
  this->expect_each_truth([](auto a, auto b) { return a != b; }, [](auto a, auto b) { return a != b; });
}

TYPED_TEST_P(LanesOf, MasksCombineAsTruthsDo) {
  this->expect_each_truth([](auto a, auto b) { return (a < b) & (a == a); },
                          [](auto a, auto b) { return a < b && a == a; });
  this->expect_each_truth([](auto a, auto b) { return (a < b) | (a != a); },
                          [](auto a, auto b) { return a < b || a != a; });
  this->expect_each_truth([](auto a, auto b) { return !(a < b); }, [](auto a, auto b) { return !(a < b); });
}

TYPED_TEST_P(LanesOf, AnyIsTrueForOneLaneAndAllForNoFewerThanAll) {
  constexpr unsigned full = (1u << TypeParam::width) - 1;
  EXPECT_FALSE(this->mask_of(0).any());
  EXPECT_FALSE(this->mask_of(0).all());
  EXPECT_TRUE(this->mask_of(full).any());
  EXPECT_TRUE(this->mask_of(full).all());
  for (int lane = 0; lane < TypeParam::width; ++lane) {
    EXPECT_TRUE(this->mask_of(1u << lane).any()) << lane;
    EXPECT_FALSE(this->mask_of(full & ~(1u << lane)).all()) << lane;
    EXPECT_EQ(this->mask_of(1u << lane).all(), TypeParam::width == 1) << lane;
  }
}

TYPED_TEST_P(LanesOf, MaskWritesOneByteALaneAndNoMore) {
  constexpr int width = TypeParam::width;
  std::array<unsigned char, width + 2> bytes;
  bytes.fill(0xEE);
  this->mask_of(0xAAAB).store(reinterpret_cast<bool *>(bytes.data() + 1));
  EXPECT_EQ(bytes[0], 0xEE);
  EXPECT_EQ(bytes[width + 1], 0xEE);
  for (int lane = 0; lane < width; ++lane) EXPECT_EQ(bytes[lane + 1], 0xAAAB >> lane & 1) << lane;
}

TYPED_TEST_P(LanesOf, StoreWritesAllLanesAndNoMore) {
  using Number = typename TypeParam::Number;
  constexpr int width = TypeParam::width;
  std::array<Number, width + 2> numbers;
  numbers.fill(42);
  Lanes<Number, width>(Number{1}).store(numbers.data() + 1);
  EXPECT_EQ(numbers[0], 42);
  EXPECT_EQ(numbers[width + 1], 42);
  for (int lane = 0; lane < width; ++lane) EXPECT_EQ(numbers[lane + 1], 1) << lane;
}

TYPED_TEST_P(LanesOf, SelectTakesTheFirstWhereTheMaskIsTrue) {
  this->expect_each([](auto a, auto b) { return select(a < b, a, b); }, [](auto a, auto b) { return a < b ? a : b; });
  this->expect_each([](auto a, auto b) { return select(a == a, b, a); }, [](auto a, auto b) { return a == a ? b : a; });
}

// The standard library's are one comparison each, so that with NaN, or zeros of both signs, the first counts.
TYPED_TEST_P(LanesOf, MinimumAndMaximumAreTheStandardLibrarysWithNanToo) {
  this->expect_each([](auto a, auto b) { return minimum(a, b); }, [](auto a, auto b) { return std::min(a, b); });
  this->expect_each([](auto a, auto b) { return maximum(a, b); }, [](auto a, auto b) { return std::max(a, b); });
}

TYPED_TEST_P(LanesOf, ClampKeepsWhatIsBetweenAndNan) {
  using Number = typename TypeParam::Number;
  using Some = Lanes<Number, TypeParam::width>;
  const Number low = 2, high = 7;
  this->expect_each([=](auto a, auto) { return clamp(a, Some(low), Some(high)); },
                    [=](auto a, auto) { return a < low ? low : (high < a ? high : a); });
}

REGISTER_TYPED_TEST_SUITE_P(LanesOf, ArithmeticIsThatOfEachLane, NumberStandsForItselfInEveryLane,
                            ComparisonsAreThoseOfEachLaneAndFalseForNan, MasksCombineAsTruthsDo,
                            AnyIsTrueForOneLaneAndAllForNoFewerThanAll, MaskWritesOneByteALaneAndNoMore,
                            StoreWritesAllLanesAndNoMore, SelectTakesTheFirstWhereTheMaskIsTrue,
                            MinimumAndMaximumAreTheStandardLibrarysWithNanToo, ClampKeepsWhatIsBetweenAndNan);
INSTANTIATE_TYPED_TEST_SUITE_P(Float, LanesOf, Widths<float>);
INSTANTIATE_TYPED_TEST_SUITE_P(Double, LanesOf, Widths<double>);
INSTANTIATE_TYPED_TEST_SUITE_P(Int32, LanesOf, Widths<int32_t>);
INSTANTIATE_TYPED_TEST_SUITE_P(Int64, LanesOf, Widths<int64_t>);

// Calls check(std::integral_constant<int, width>{}) for each width.
template <typename Check>
void for_each_width(Check check) {
  [&]<int... widths>(std::integer_sequence<int, widths...>) {
    (check(std::integral_constant<int, (1 << widths)>{}), ...);
  }
  (std::make_integer_sequence<int, 5>{});
}

template <typename From, typename To>
void expect_conversions(const Sixteen<From> &numbers) {
  for_each_width([&](auto constant) {
    constexpr int width = constant();
    Sixteen<To> loaded{}, converted{}, stored{};
    for (size_t at = 0; at < count; at += width) {
      Lanes<To, width>::load_as(&numbers[at]).store(&loaded[at]);
      const auto lanes = Lanes<From, width>::load(&numbers[at]);
      lanes.template to<To>().store(&converted[at]);
      lanes.store_as(&stored[at]);
    }
    for (size_t at = 0; at < count; ++at) {
      EXPECT_EQ(loaded[at], static_cast<To>(numbers[at])) << width << ": " << numbers[at];
      EXPECT_EQ(converted[at], static_cast<To>(numbers[at])) << width << ": " << numbers[at];
      EXPECT_EQ(stored[at], static_cast<To>(numbers[at])) << width << ": " << numbers[at];
    }
  });
}

TEST(LanesConversion, IsThatOfEachLane) {
  constexpr Sixteen<double> doubles{0.0, 1.5, -1.5, 1e300,  0x1.000001p0, 0x1.000003p0, 1e-46,  -2.75,
                                    7.0, 0.1, -0.1, 1e-300, 16777217.0,   1e38,         3.9999, -8.0};
  constexpr Sixteen<float> floats{0, 1.5f, -1.5f, 0x1p-149f, 0.1f, 3.99f, -3.99f, 1e9f, -1e9f, 2, 3, 4, 5, 6, 7, 8};
  constexpr Sixteen<int32_t> integers{0, 1, -1, 16777217, -16777219, INT32_MAX, INT32_MIN, 7,
                                      8, 9, 10, 11,       12,        13,        14,        15};
  Sixteen<int64_t> long_integers{};
  for (size_t at = 0; at < count; ++at) long_integers[at] = int64_t{integers[at]} << (at % 3);
  expect_conversions<double, double>(doubles);
  expect_conversions<float, double>(floats);
  expect_conversions<float, int32_t>(floats);
  expect_conversions<int32_t, float>(integers);
  expect_conversions<int32_t, double>(integers);
  expect_conversions<int32_t, int64_t>(integers);
  expect_conversions<int64_t, int32_t>(long_integers);
  expect_conversions<int64_t, double>(long_integers);
  Sixteen<double> within_float = doubles;
  within_float[3] = -1e38;
  expect_conversions<double, float>(within_float);
}

template <typename Number>
void expect_integer_operations() {
  const Sixteen<Number> a{0, 1, 2, 3, -1, -2, 255, 256, 1 << 30, 77, -77, 12, 13, 14, 15, 16};
  const Sixteen<Number> b{1, 1, 3, 5, 7, -1, 15, 511, -(1 << 30), 7, 8, -9, 10, 11, -12, 13};
  for_each_width([&](auto constant) {
    constexpr int width = constant();
    Sixteen<Number> both{}, either{}, one{}, shifted{};
    for (size_t at = 0; at < count; at += width) {
      const auto left = Lanes<Number, width>::load(&a[at]), right = Lanes<Number, width>::load(&b[at]);
      (left & right).store(&both[at]);
      (left | right).store(&either[at]);
      (left ^ right).store(&one[at]);
      (left << 3).store(&shifted[at]);
    }
    for (size_t at = 0; at < count; ++at) {
      EXPECT_EQ(both[at], a[at] & b[at]) << width << ": " << a[at] << ' ' << b[at];
      EXPECT_EQ(either[at], a[at] | b[at]) << width << ": " << a[at] << ' ' << b[at];
      EXPECT_EQ(one[at], a[at] ^ b[at]) << width << ": " << a[at] << ' ' << b[at];
      EXPECT_EQ(shifted[at], a[at] << 3) << width << ": " << a[at];
    }
  });
}

TEST(LanesOfIntegers, CombineBitByBitAndShift) {
  expect_integer_operations<int32_t>();
  expect_integer_operations<int64_t>();
}

TEST(BitCastLanes, KeepsTheBits) {
  for_each_width([](auto constant) {
    constexpr int width = constant();
    const Lanes<float, width> floats = -1.5f;
    Sixteen<int32_t> bits{};
    bit_cast_lanes<int32_t>(floats).store(bits.data());
    for (int lane = 0; lane < width; ++lane) EXPECT_EQ(bits[lane], std::bit_cast<int32_t>(-1.5f));
    Sixteen<float> back{};
    bit_cast_lanes<float>(bit_cast_lanes<int32_t>(floats)).store(back.data());
    for (int lane = 0; lane < width; ++lane) EXPECT_EQ(back[lane], -1.5f);
  });
}

}  // namespace
}  // namespace penstock::core
