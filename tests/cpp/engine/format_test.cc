#include "core/tensor/format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/create.h"
#include "core/tensor/format_number.h"
#include "core/tensor/half.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

// The texts below are NumPy 2.4.6's, but for what stands around the brackets; tests/peer compares far more of them.

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <typename Element>
Tensor make(DType dtype, const Extents &shape, const std::vector<Element> &elements) {
  return from_data(dtype, shape, elements.data(), elements.size() * sizeof(Element), {});
}

template <typename Element>
Tensor make(DType dtype, const std::vector<Element> &elements) {
  return make(dtype, {static_cast<int64_t>(elements.size())}, elements);
}

// What stands between "tensor(" and ", shape=".
std::string body(const Tensor &tensor, const FormatLimits &limits = {}) {
  const std::string text = format(tensor, limits);
  const size_t end = text.rfind(", shape="), end_of_line = text.rfind(",\n       shape=");
  return text.substr(7, std::min(end, end_of_line) - 7);
}

std::string float64_body(const std::vector<double> &elements, const FormatLimits &limits = {}) {
  return body(make(DType::float64, elements), limits);
}

std::string float32_body(const std::vector<float> &elements, const FormatLimits &limits = {}) {
  return body(make(DType::float32, elements), limits);
}

Tensor counted(const Extents &shape) {
  return reshape(arange(int64_t{0}, checked_element_count(shape, DType::int32), 1, DType::int32, {}), shape);
}

TEST(Format, NamesShapeDtypeAndDevice) {
  EXPECT_EQ(format(make<float>(DType::float32, {2, 2}, {0, 1, 2, 3}), {}),
            "tensor([[0., 1.],\n"
            "        [2., 3.]], shape=(2, 2), dtype=float32, device=cpu)");
}

TEST(Format, ClosingThatDoesNotFitTheLastLineStandsOnItsOwn) {
  const Tensor tensor = make<int64_t>(DType::int64, {1, 2});
  const std::string closing = "shape=(2,), dtype=int64, device=cpu)";
  const auto exact = static_cast<int32_t>(("tensor([1, 2], " + closing).size());
  EXPECT_EQ(format(tensor, {.line_width = exact}), "tensor([1, 2], " + closing);
  EXPECT_EQ(format(tensor, {.line_width = exact - 1}), "tensor([1, 2],\n       " + closing);
}

TEST(Format, RankZeroHasNoBracketsAndNoPadding) {
  EXPECT_EQ(body(make<double>(DType::float64, {}, {1.5})), "1.5");
  EXPECT_EQ(body(make<uint8_t>(DType::bool8, {}, {1})), "True");
  EXPECT_EQ(body(make<std::complex<double>>(DType::complex128, {}, {{1, -2}})), "1.-2.j");
}

TEST(Format, NoElementsAreEmptyBracketsOfAnyRank) {
  EXPECT_EQ(format(zeros(DType::float32, {0, 3}, {}), {}), "tensor([], shape=(0, 3), dtype=float32, device=cpu)");
}

TEST(Format, BoolsAreAlignedRightAndAnyByteButZeroIsTrue) {
  EXPECT_EQ(body(make<uint8_t>(DType::bool8, {0, 1, 7})), "[False,  True,  True]");
  EXPECT_EQ(body(make<uint8_t>(DType::bool8, {1})), "[ True]");
}

TEST(Format, IntegersAreAlignedRight) {
  EXPECT_EQ(body(make<int8_t>(DType::int8, {-128, 7, 42})), "[-128,    7,   42]");
  EXPECT_EQ(body(make<uint64_t>(DType::uint64, {~uint64_t{0}, 0})), "[18446744073709551615,                    0]");
}

TEST(Format, NumbersHaveTheFewestDigitsThatReadBackInTheirOwnDtype) {
  EXPECT_EQ(float32_body({0.1f, 16777216.0f / 1e7f}, {.precision = 17}), "[0.1      , 1.6777216]");
  EXPECT_EQ(float64_body({0.1f}, {.precision = 17}), "[0.10000000149011612]");
  EXPECT_EQ(body(make<uint16_t>(DType::float16, {0x2e66, 0x3555})), "[0.1   , 0.3333]");
  EXPECT_EQ(body(make<uint16_t>(DType::bfloat16, {0x3dcd, 0x3eab, 0xbf80})), "[ 0.1  ,  0.334, -1.   ]");
}

TEST(Format, Float8IsPrintedThoughItHasNoArithmetic) {
  EXPECT_EQ(body(make<uint8_t>(DType::float8_e4m3fn, {0x38, 0x7e, 0x7f, 0x80})), "[  1., 448.,  nan,  -0.]");
  EXPECT_EQ(body(make<uint8_t>(DType::float8_e5m2, {0x3c, 0xfc, 0x42})), "[  1., -inf,   3.]");
}

TEST(Format, PrecisionRoundsTheExactValueTiesToEven) {
  EXPECT_EQ(float64_body({0.5, 1.5, 2.5, 0.7}, {.precision = 0}), "[0., 2., 2., 1.]");
  EXPECT_EQ(float64_body({0.95, 0.25}, {.precision = 1}), "[0.9, 0.2]");  // 0.95 is a little less than it says
  EXPECT_EQ(float64_body({9.5, 1e-5}, {.precision = 0}), "[1.e+01, 1.e-05]");
}

TEST(Format, ZerosAtTheEndBecomeSpaces) { EXPECT_EQ(float64_body({1, 0.25, -10}), "[  1.  ,   0.25, -10.  ]"); }

TEST(Format, NegativeZeroKeepsItsSign) { EXPECT_EQ(float64_body({-0.0, 0.0}), "[-0.,  0.]"); }

TEST(Format, LargeNumbersAreScientificFromALimitOfTheirDtypeOn) {
  EXPECT_EQ(float64_body({99999999.0}), "[99999999.]");
  EXPECT_EQ(float64_body({1e8}), "[1.e+08]");
  EXPECT_EQ(float32_body({999999.0f}), "[999999.]");
  EXPECT_EQ(float32_body({1e6f}), "[1.e+06]");
  EXPECT_EQ(body(make<uint16_t>(DType::float16, {0x63cf})), "[999.5]");
  EXPECT_EQ(body(make<uint16_t>(DType::float16, {0x63d0})), "[1.e+03]");
}

TEST(Format, SmallNumbersAreScientificBelowATenThousandth) {
  EXPECT_EQ(float64_body({1e-4}), "[0.0001]");
  EXPECT_EQ(float64_body({9.9e-5}), "[9.9e-05]");
  EXPECT_EQ(float32_body({1e-4f}), "[0.0001]");
}

TEST(Format, FarApartMagnitudesAreScientific) {
  EXPECT_EQ(float64_body({1, 1000}), "[   1., 1000.]");
  EXPECT_EQ(float64_body({1, 1000.5}), "[1.0000e+00, 1.0005e+03]");
}

TEST(Format, MagnitudesAreDividedInTheirDtype) {
  // 100 / 0.09997... is 1000.24, which float16 rounds to 1000: not more than 1000.
  EXPECT_EQ(body(make<uint16_t>(DType::float16, {0x3c00, 0x63d1})), "[1.0000e+00, 1.0005e+03]");
  EXPECT_EQ(body(make<uint16_t>(DType::float16, {0x2e66, 0x5640})), "[  0.1, 100. ]");
}

TEST(Format, ScientificColumnsSpellOutEqualNumbersOfDigits) {
  EXPECT_EQ(float64_body({5e-324, 1.7e308}), "[4.9e-324, 1.7e+308]");
  EXPECT_EQ(float64_body({0, 1e-100}), "[0.e+000, 1.e-100]");
}

TEST(Format, DigitsReadBackThoughOthersAreNearer) {
  // 2^-645 is 6.8494042156512595e-195; with one digit less the nearer 59 reads back as the number before it.
  const double power = std::ldexp(1.0, -645);
  EXPECT_EQ(float64_body({power, std::nextafter(power, 1)}, {.precision = 17}),
            "[6.849404215651260e-195, 6.849404215651261e-195]");
}

TEST(Format, SpecialsAreAlignedRight) {
  EXPECT_EQ(float64_body({1, nan, infinity, -infinity}), "[  1.,  nan,  inf, -inf]");
  EXPECT_EQ(float64_body({nan, -infinity, 1e-5, 1.25}), "[     nan,     -inf, 1.00e-05, 1.25e+00]");
  EXPECT_EQ(float64_body({-nan}), "[nan]");
}

TEST(Format, ComplexPartsAreColumnsOfTheirOwn) {
  using Complex = std::complex<float>;
  EXPECT_EQ(body(make<Complex>(DType::complex64, {{1, 2.5}, {-10, -0.0f}, {0.25, 100}})),
            "[  1.    +2.5j, -10.    -0.j ,   0.25+100.j ]");
  EXPECT_EQ(body(make<Complex>(DType::complex64, {{1, std::nanf("")}, {1, -1}})), "[1.+nanj, 1. -1.j]");
}

TEST(Format, RowsAreBrokenWhereTheLineWidthIsReached) {
  EXPECT_EQ(body(counted({2, 5}), {.line_width = 25}), "[[0, 1, 2, 3, 4],\n        [5, 6, 7, 8, 9]]");
  EXPECT_EQ(body(counted({2, 5}), {.line_width = 24}),
            "[[0, 1, 2, 3,\n"
            "         4],\n"
            "        [5, 6, 7, 8,\n"
            "         9]]");
}

TEST(Format, OneElementALineWhereNoMoreFit) { EXPECT_EQ(body(counted({2}), {.line_width = 1}), "[0,\n        1]"); }

TEST(Format, BlocksOfHigherRankAreSetApartByEmptyLines) {
  EXPECT_EQ(body(counted({2, 1, 2, 1})),
            "[[[[0],\n"
            "          [1]]],\n"
            "\n"
            "\n"
            "        [[[2],\n"
            "          [3]]]]");
}

TEST(Format, MoreElementsThanTheThresholdAreShortened) {
  const FormatLimits limits{.edge_items = 1, .threshold = 11};
  EXPECT_EQ(body(counted({3, 4}), limits), "[[ 0, ...,  3],\n        ...,\n        [ 8, ..., 11]]");
  EXPECT_EQ(body(counted({11}), limits), "[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10]");
}

TEST(Format, AxesOfTwiceTheEdgeItemsStayWhole) {
  const FormatLimits limits{.edge_items = 2, .threshold = 0};
  EXPECT_EQ(body(counted({4}), limits), "[0, 1, 2, 3]");
  EXPECT_EQ(body(counted({5}), limits), "[0, 1, ..., 3, 4]");
}

TEST(Format, ElementsLeftOutDoNotWidenTheOthers) {
  EXPECT_EQ(body(make<int32_t>(DType::int32, {1, 1000000, 2}), {.edge_items = 1, .threshold = 0}), "[1, ..., 2]");
}

TEST(Format, NoEdgeItemsLeaveTheEllipsisAlone) {
  EXPECT_EQ(body(counted({4, 5}), {.edge_items = 0, .threshold = 0}), "[...]");
}

TEST(Format, ViewsArePrintedInTheirOwnOrder) {
  EXPECT_EQ(body(transpose(counted({2, 3}), 0, 1)), "[[0, 3],\n        [1, 4],\n        [2, 5]]");
  EXPECT_EQ(body(slice(counted({3}), 0, slice_open, slice_open, -1)), "[2, 1, 0]");
}

TEST(Format, HugeRepeatedTensorsReadOnlyWhatTheyPrint) {
  const Tensor one = make<float>(DType::float32, {1}, {1});
  EXPECT_EQ(body(expand(one, {int64_t{1} << 40})), "[1., 1., 1., ..., 1., 1., 1.]");
}

TEST(Format, ManyAxesTooShortToShortenArePrintedWithSmallerEdges) {
  const Tensor one = reshape(make<float>(DType::float32, {1}, {1}), Extents::filled(15, 1));
  const std::string text = body(expand(one, Extents::filled(15, 6)));  // 4.7e11 elements
  EXPECT_EQ(std::count(text.begin(), text.end(), '1'), 1 << 15);
}

TEST(Format, LimitsOutsideTheirRangeAreRefused) {
  const Tensor tensor = counted({2});
  for (const FormatLimits &limits :
       {FormatLimits{.edge_items = -1}, FormatLimits{.threshold = -1}, FormatLimits{.precision = -1},
        FormatLimits{.precision = 18}, FormatLimits{.line_width = 0}}) {
    try {
      format(tensor, limits);
      ADD_FAILURE() << "taken";
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), Status::invalid_argument);
    }
  }
}

// The bits of the narrow number that digits * 10^exponent reads as.
template <typename Small>
auto read_back(const std::string &digits, int32_t exponent) {
  return round_to<Small>(std::stod(digits + "e" + std::to_string(exponent))).bits;
}

// For every number of a narrow dtype: its digits read back as it, and no fewer of them do.
template <typename Small>
void expect_shortest_digits(DType dtype) {
  for (uint32_t bits = 0; bits <= Small::magnitude_mask; ++bits) {
    const auto value = to_float(Small{static_cast<typename Small::Bits>(bits)});
    if (!std::isfinite(value)) continue;
    const NumberText text = scientific_text(value, dtype, 0, 17);
    const auto last_exponent = static_cast<int32_t>(std::stoi(text.exponent) - static_cast<int>(text.fraction.size()));
    const std::string digits = text.whole + text.fraction;
    ASSERT_EQ(read_back<Small>(digits, last_exponent), bits) << digits;
    if (digits.size() == 1) continue;
    const int32_t fewer = std::stoi(digits.substr(0, digits.size() - 1));
    for (const int32_t neighbour : {fewer, fewer + 1})
      ASSERT_NE(read_back<Small>(std::to_string(neighbour), last_exponent + 1), bits) << digits;
  }
}

TEST(FormatNumber, NarrowDtypesHaveTheirShortestDigits) {
  expect_shortest_digits<Float16>(DType::float16);
  expect_shortest_digits<BFloat16>(DType::bfloat16);
  expect_shortest_digits<Float8E4M3FN>(DType::float8_e4m3fn);
  expect_shortest_digits<Float8E5M2>(DType::float8_e5m2);
}

}  // namespace
}  // namespace penstock::core
