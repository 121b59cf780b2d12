#include "core/base/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace penstock::core {
namespace {

// What lanes of each width must make of `count` numbers is what the plain operation makes of each of them.  Functions
// that are written over lanes are kept from being inlined: with sanitizers a compiler would take minutes for them.
constexpr size_t count = 16;
template <typename Number>
using Numbers = std::vector<Number>;

// Calls check(std::integral_constant<int, width>{}) for each width.
template <typename Check>
void for_each_width(Check check) {
  [&]<int... widths>(std::integer_sequence<int, widths...>) {
    (check(std::integral_constant<int, (1 << widths)>{}), ...);
  }
  (std::make_integer_sequence<int, 5>{});
}

// To the bit, but that any NaN equals any other.
template <typename Number>
[[gnu::noinline]] void expect_same(const Numbers<Number> &results, const Numbers<Number> &expected, int width) {
  ASSERT_EQ(results.size(), expected.size());
  for (size_t at = 0; at < results.size(); ++at) {
    const Number result = results[at], wanted = expected[at];
    bool same = result == wanted;
    if constexpr (std::is_floating_point_v<Number>)
      same = (same && std::signbit(result) == std::signbit(wanted)) || (std::isnan(result) && std::isnan(wanted));
    EXPECT_TRUE(same) << "lane " << at << " of width " << width << ": " << result << ", not " << wanted;
  }
}

// to[k] = an operation of a[k] and b[k], `count` times.
template <typename Number, typename To>
using Applied = void (*)(const Number *a, const Number *b, To *to);

template <typename Number, typename To, typename Operation>
void apply_plain(const Number *a, const Number *b, To *to) {
  for (size_t at = 0; at < count; ++at) to[at] = static_cast<To>(Operation{}(a[at], b[at]));
}
template <typename Number, typename To, typename Operation, int width>
void apply_to_lanes(const Number *a, const Number *b, To *to) {
  using Some = Lanes<Number, width>;
  size_t end = count;
  asm("" : "+r"(end));  // a loop of unknown length: sixteen copies take long to compile
  for (size_t at = 0; at < end; at += width) Operation{}(Some::load(a + at), Some::load(b + at)).store(to + at);
}

template <typename Number, typename To>
[[gnu::noinline]] void expect_applied(const Numbers<Number> &a, const Numbers<Number> &b, Applied<Number, To> plain,
                                      const std::array<Applied<Number, To>, 5> &with_width) {
  std::array<To, count> results{}, expected{};
  plain(a.data(), b.data(), expected.data());
  for (size_t k = 0; k < with_width.size(); ++k) {
    with_width[k](a.data(), b.data(), results.data());
    expect_same(Numbers<To>(results.begin(), results.end()), Numbers<To>(expected.begin(), expected.end()), 1 << k);
  }
}

// `To` is what the operations give: Number or bool.  They keep nothing, so that their types are enough.
template <typename To, typename Number, typename OverLanes, typename Plain>
void expect_each(const Numbers<Number> &a, const Numbers<Number> &b, OverLanes, Plain) {
  expect_applied<Number, To>(a, b, apply_plain<Number, To, Plain>,
                             {apply_to_lanes<Number, To, OverLanes, 1>, apply_to_lanes<Number, To, OverLanes, 2>,
                              apply_to_lanes<Number, To, OverLanes, 4>, apply_to_lanes<Number, To, OverLanes, 8>,
                              apply_to_lanes<Number, To, OverLanes, 16>});
}

template <typename Number>
class LanesOf : public ::testing::Test {
 protected:
  // Every order of a against b; the floats have both zeros, NaN and the infinities in them.
  Numbers<Number> a{3, 1, 2, 9, 0, 7, 7, 120, 5, 6, 100, 1, 2, 0, 4, 8};
  Numbers<Number> b{3, 2, 1, 4, 1, 7, 8, 3, 2, 9, 11, 1, 5, 3, 4, 1};

  LanesOf() {
    a[1] = -7, a[10] = -100, a[13] = Number(-0.0);
    if constexpr (std::is_floating_point_v<Number>) {
      a[2] = b[3] = std::numeric_limits<Number>::quiet_NaN();
      a[6] = -(b[7] = -std::numeric_limits<Number>::infinity());
      a[9] = Number(0.375);
      b[13] = 0;
    }
  }
  template <typename Operation>
  void expect_each(Operation operation) {
    core::expect_each<Number>(a, b, operation, operation);
  }
  template <typename OverLanes, typename Plain>
  void expect_each(OverLanes over_lanes, Plain plain) {
    core::expect_each<Number>(a, b, over_lanes, plain);
  }
  template <typename Operation>
  void expect_each_truth(Operation operation) {
    core::expect_each<bool>(a, b, operation, operation);
  }
  template <typename OverLanes, typename Plain>
  void expect_each_truth(OverLanes over_lanes, Plain plain) {
    core::expect_each<bool>(a, b, over_lanes, plain);
  }
};
using NumberTypes = ::testing::Types<float, double, int32_t>;
TYPED_TEST_SUITE(LanesOf, NumberTypes);

TYPED_TEST(LanesOf, ArithmeticIsThatOfEachLane) {
  this->expect_each([](auto a, auto b) { return a + b; });
  this->expect_each([](auto a, auto b) { return a - b; });
  this->expect_each([](auto a, auto b) { return a * b; });
  this->expect_each([](auto a, auto) { return -a; });
  if constexpr (std::is_floating_point_v<TypeParam>) this->expect_each([](auto a, auto b) { return a / b; });
}

TYPED_TEST(LanesOf, NumberStandsForItselfInEveryLane) {
  this->expect_each([](auto a, auto) { return TypeParam{3} - a; });
  this->expect_each([](auto a, auto) { return decltype(a)(std::numeric_limits<TypeParam>::max()); });
  this->expect_each([](auto a, auto) { return decltype(a)(-TypeParam{0}); });
}

TYPED_TEST(LanesOf, ComparisonsAreThoseOfEachLaneAndFalseForNan) {
  this->expect_each_truth([](auto a, auto b) { return a < b; });
  this->expect_each_truth([](auto a, auto b) { return a <= b; });
  this->expect_each_truth([](auto a, auto b) { return a > b; });
  this->expect_each_truth([](auto a, auto b) { return a >= b; });
  this->expect_each_truth([](auto a, auto b) { return a == b; });
  this->expect_each_truth([](auto a, auto b) { return a != b; });
}

TYPED_TEST(LanesOf, MasksCombineAsTruthsDo) {
  this->expect_each_truth([](auto a, auto b) { return (a < b) & (a == a); });
  this->expect_each_truth([](auto a, auto b) { return (a < b) | (a != a); });
  this->expect_each_truth([](auto a, auto b) { return !(a < b); });
}

TYPED_TEST(LanesOf, SelectTakesTheFirstWhereTheMaskIsTrue) {
  this->expect_each([](auto a, auto b) { return select(a < b, a, b); }, [](auto a, auto b) { return a < b ? a : b; });
  this->expect_each([](auto a, auto b) { return select(a == a, b, a); }, [](auto a, auto b) { return a == a ? b : a; });
}

// The standard library's are one comparison each, so that with NaN, or zeros of both signs, the first counts.
TYPED_TEST(LanesOf, MinimumAndMaximumAreTheStandardLibrarysWithNanToo) {
  this->expect_each([](auto a, auto b) { return minimum(a, b); }, [](auto a, auto b) { return std::min(a, b); });
  this->expect_each([](auto a, auto b) { return maximum(a, b); }, [](auto a, auto b) { return std::max(a, b); });
}

TYPED_TEST(LanesOf, ClampKeepsWhatIsBetweenAndNan) {
  this->expect_each([](auto a, auto) { return clamp(a, decltype(a)(TypeParam{2}), decltype(a)(TypeParam{7})); },
                    [](auto a, auto) { return a < 2 ? 2 : (a > 7 ? 7 : a); });
}

// Lane k is true where bit k is set.
template <typename Number, int width>
LaneMask<Number, width> mask_of(unsigned bits) {
  std::array<Number, width> numbers;
  for (size_t lane = 0; lane < width; ++lane) numbers[lane] = static_cast<Number>(bits >> lane & 1);
  return Lanes<Number, width>::load(numbers.data()) == Lanes<Number, width>(Number{1});
}
template <typename Number, int width>
[[gnu::noinline]] bool any_of(unsigned bits) {
  return mask_of<Number, width>(bits).any();
}
template <typename Number, int width>
[[gnu::noinline]] bool all_of(unsigned bits) {
  return mask_of<Number, width>(bits).all();
}

TYPED_TEST(LanesOf, AnyIsTrueForOneLaneAndAllForNoFewerThanAll) {
  for_each_width([](auto width) {
    const unsigned full = (1u << width) - 1;
    EXPECT_FALSE((any_of<TypeParam, width()>(0))) << width;
    EXPECT_TRUE((all_of<TypeParam, width()>(full))) << width;
    for (unsigned lane = 0; lane < width; ++lane) {
      EXPECT_TRUE((any_of<TypeParam, width()>(1u << lane))) << width << ": " << lane;
      EXPECT_FALSE((all_of<TypeParam, width()>(full & ~(1u << lane)))) << width << ": " << lane;
    }
  });
}

template <typename Number, int width>
[[gnu::noinline]] void store_mask(unsigned bits, bool *to) {
  mask_of<Number, width>(bits).store(to);
}

template <typename Number, int width>
[[gnu::noinline]] void store_number(Number number, Number *to) {
  Lanes<Number, width>(number).store(to);
}

// Writes in the middle of `around`, and expects `expected` there and nothing changed beside it.
template <typename Element, typename Write>
[[gnu::noinline]] void expect_written(std::vector<Element> around, const std::vector<Element> &expected, Write write) {
  std::vector<Element> wanted = around;
  std::copy(expected.begin(), expected.end(), wanted.begin() + 1);
  write(around.data() + 1);
  EXPECT_EQ(around, wanted) << expected.size();
}

TYPED_TEST(LanesOf, MaskWritesOneByteALaneAndNoMore) {
  const std::vector<uint8_t> around(count + 2, 0xEE), bytes{1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
  for_each_width([&](auto width) {
    expect_written<uint8_t>(around, {bytes.begin(), bytes.begin() + width}, [](uint8_t *to) {
      store_mask<TypeParam, decltype(width)::value>(0xAAAB, reinterpret_cast<bool *>(to));
    });
  });
}

TYPED_TEST(LanesOf, StoreWritesAllLanesAndNoMore) {
  for_each_width([](auto width) {
    expect_written<TypeParam>(std::vector<TypeParam>(count + 2, 42), std::vector<TypeParam>(width, 1),
                              [](TypeParam *to) { store_number<TypeParam, decltype(width)::value>(1, to); });
  });
}

template <int width, typename From, typename To>
[[gnu::noinline]] void convert(const From *from, size_t numbers, To *loaded, To *converted, To *stored) {
  for (size_t at = 0; at < numbers; at += width) {
    Lanes<To, width>::load_as(from + at).store(loaded + at);
    const auto lanes = Lanes<From, width>::load(from + at);
    lanes.template to<To>().store(converted + at);
    lanes.store_as(stored + at);
  }
}

template <typename To, typename From>
[[gnu::noinline]] void expect_conversions(const Numbers<From> &numbers) {
  Numbers<To> expected(count);
  for (size_t at = 0; at < count; ++at) expected[at] = static_cast<To>(numbers[at]);
  for_each_width([&](auto width) {
    Numbers<To> loaded(count), converted(count), stored(count);
    convert<width()>(numbers.data(), count, loaded.data(), converted.data(), stored.data());
    expect_same(loaded, expected, width);
    expect_same(converted, expected, width);
    expect_same(stored, expected, width);
  });
}

TEST(LanesConversion, IsThatOfEachLane) {
  const Numbers<double> doubles{0.0, 1.5, -1.5, -1e38,    0x1.000001p0, 0x1.000003p0, 1e-46,  -2.75,
                                7.0, 0.1, -0.1, 0x1p-149, 16777217.0,   1e38,         3.9999, -8.0};
  const Numbers<float> floats{0, 1.5f, -1.5f, 0x1p-149f, 0.1f, 3.99f, -3.99f, 1e9f, -1e9f, 2, 3, 4, 5, 6, 7, -0.0f};
  const Numbers<int32_t> integers{0, 1, -1, 16777217, -16777219, INT32_MAX, INT32_MIN, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Numbers<int64_t> long_integers;
  for (const int32_t integer : integers) long_integers.push_back(int64_t{integer} * 0x10001);
  expect_conversions<double>(doubles);
  expect_conversions<float>(doubles);
  expect_conversions<double>(floats);
  expect_conversions<int32_t>(floats);
  expect_conversions<float>(integers);
  expect_conversions<double>(integers);
  expect_conversions<int64_t>(integers);
  expect_conversions<int32_t>(long_integers);
  expect_conversions<double>(long_integers);
}

template <typename Number>
void expect_integer_operations() {
  const Numbers<Number> a{0, 1, 2, 3, -1, -2, 255, 256, 1 << 30, 77, -77, 12, 13, 14, 15, 16};
  const Numbers<Number> b{1, 1, 3, 5, 7, -1, 15, 511, -(1 << 30), 7, 8, -9, 10, 11, -12, 13};
  const auto expect = [&](auto operation) { expect_each<Number>(a, b, operation, operation); };
  expect([](auto left, auto right) { return left & right; });
  expect([](auto left, auto right) { return left | right; });
  expect([](auto left, auto right) { return left ^ right; });
  expect([](auto left, auto) { return left << 3; });
}

TEST(LanesOfIntegers, CombineBitByBitAndShift) {
  expect_integer_operations<int32_t>();
  expect_integer_operations<int64_t>();
}

TEST(BitCastLanes, KeepsTheBits) {
  const Numbers<float> floats{0, -0.0f, 1.5f, -1.5f, 0x1p-149f, INFINITY, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  expect_each<float>(
      floats, floats, [](auto a, auto) { return bit_cast_lanes<float>(bit_cast_lanes<int32_t>(a) ^ INT32_MIN); },
      [](float a, float) { return std::bit_cast<float>(std::bit_cast<int32_t>(a) ^ INT32_MIN); });
}

}  // namespace
}  // namespace penstock::core
