#include "core/base/math.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/random.h"

namespace penstock::core {
namespace {

template <typename Number>
using BitsOf = std::conditional_t<sizeof(Number) == 8, uint64_t, uint32_t>;
template <typename Number>
BitsOf<Number> as_bits(Number x) {
  return std::bit_cast<BitsOf<Number>>(x);
}

template <typename Number>
struct Results {
  std::vector<Number> sines, cosines;
};

// x is filled up with zeros to a multiple of width.
template <int width, typename Number>
[[gnu::noinline]] Results<Number> sines_and_cosines(std::vector<Number> x) {
  const size_t count = x.size();
  x.resize((count + width - 1) / width * width);
  Results<Number> results{std::vector<Number>(x.size()), std::vector<Number>(x.size())};
  for (size_t at = 0; at < x.size(); at += width) {
    Lanes<Number, width> sines, cosines;
    sine_cosine(Lanes<Number, width>::load(&x[at]), &sines, &cosines);
    sines.store(&results.sines[at]);
    cosines.store(&results.cosines[at]);
  }
  results.sines.resize(count);
  results.cosines.resize(count);
  return results;
}

// The distance of what we gave from the truth, in units of the last place that a Number near the truth has.
template <typename Number, typename Wide>
double error_in_ulp(Number given, Wide truth) {
  int exponent;
  std::frexp(truth, &exponent);
  using Limits = std::numeric_limits<Number>;
  const int unit = std::max(exponent, Limits::min_exponent) - Limits::digits;
  return static_cast<double>(std::abs(std::ldexp(static_cast<Wide>(given) - truth, -unit)));
}

// The largest errors of what it is shown; it fails at once for a result outside [-1, 1].
template <typename Number, typename Wide>
class Accuracy {
 public:
  void check(const std::vector<Number> &x) {
    const Results<Number> results = sines_and_cosines<8>(x);
    for (size_t at = 0; at < x.size(); ++at) {
      const Number sine = results.sines[at], cosine = results.cosines[at];
      if (!std::isfinite(x[at])) {
        ASSERT_TRUE(std::isnan(sine) && std::isnan(cosine)) << std::hexfloat << x[at];
        continue;
      }
      ASSERT_TRUE(std::abs(sine) <= 1 && std::abs(cosine) <= 1) << std::hexfloat << x[at];
      const auto wide = static_cast<Wide>(x[at]);
      note(error_in_ulp(sine, std::sin(wide)), x[at], &sine_error, &worst_for_sine);
      note(error_in_ulp(cosine, std::cos(wide)), x[at], &cosine_error, &worst_for_cosine);
    }
  }
  void expect_at_most(double ulp) const {
    EXPECT_LE(sine_error, ulp) << "sine of " << std::hexfloat << worst_for_sine;
    EXPECT_LE(cosine_error, ulp) << "cosine of " << std::hexfloat << worst_for_cosine;
    ::testing::Test::RecordProperty("sine_error", std::to_string(sine_error));
    ::testing::Test::RecordProperty("cosine_error", std::to_string(cosine_error));
  }

 private:
  static void note(double error, Number x, double *largest, Number *where) {
    if (error > *largest) {
      *largest = error;
      *where = x;
    }
  }
  double sine_error = 0, cosine_error = 0;
  Number worst_for_sine = 0, worst_for_cosine = 0;
};

// One in `stride` of the 2^32 floats, or with PENSTOCK_EXHAUSTIVE set all of them, which takes minutes.
TEST(FloatSine, IsWithinOneUlpForEveryFloat) {
  const uint64_t stride = std::getenv("PENSTOCK_EXHAUSTIVE") != nullptr ? 1 : 2039;
  Accuracy<float, double> accuracy;
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += stride) {
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
    if (x.size() < 4096) continue;
    ASSERT_NO_FATAL_FAILURE(accuracy.check(x));
    x.clear();
  }
  ASSERT_NO_FATAL_FAILURE(accuracy.check(x));
  accuracy.expect_at_most(1);
}

template <typename Number>
void add_with_neighbours(Number x, std::vector<Number> *to) {
  const Number infinity = std::numeric_limits<Number>::infinity();
  for (const Number near : {std::nextafter(x, -infinity), x, std::nextafter(x, infinity)}) {
    to->push_back(near);
    to->push_back(-near);
  }
}

// Every `stride`-th multiple of pi/4 up to `limit`, and its neighbours: there sine, cosine or the reduction change.
template <typename Number>
std::vector<Number> near_eighth_turns(int64_t limit, int64_t stride) {
  std::vector<Number> x;
  for (int64_t eighths = 1; static_cast<double>(eighths) * 0.79 < static_cast<double>(limit); eighths += stride)
    add_with_neighbours(static_cast<Number>(static_cast<long double>(eighths) * 0xc.90fdaa22168c235p-4L), &x);
  return x;
}

TEST(FloatSine, IsWithinOneUlpNearEighthTurns) {
  Accuracy<float, double> accuracy;
  ASSERT_NO_FATAL_FAILURE(accuracy.check(near_eighth_turns<float>(1 << 18, 1)));
  accuracy.expect_at_most(1);
}

TEST(DoubleSine, IsWithinOneUlpNearEighthTurns) {
  Accuracy<double, long double> accuracy;
  ASSERT_NO_FATAL_FAILURE(accuracy.check(near_eighth_turns<double>(1000, 1)));
  ASSERT_NO_FATAL_FAILURE(accuracy.check(near_eighth_turns<double>(1 << 21, 31)));
  accuracy.expect_at_most(1);
}

// Every exponent in turn, from 0's to NaN's, with random sign and mantissa.
std::vector<double> doubles_of_every_size(uint64_t count) {
  const RandomStream stream{20, 1};
  std::vector<double> x(count);
  for (uint64_t at = 0; at < count; ++at)
    x[at] = std::bit_cast<double>((random_u64(stream, at) & 0x800FFFFFFFFFFFFF) | (at % 2048) << 52);
  return x;
}

TEST(DoubleSine, IsWithinOneUlpForNumbersOfEverySize) {
  Accuracy<double, long double> accuracy;
  ASSERT_NO_FATAL_FAILURE(accuracy.check(doubles_of_every_size(300 * 2048)));
  accuracy.expect_at_most(1);
}

std::vector<double> uniform_doubles(uint64_t count, double limit) {
  std::vector<double> x(count);
  for (uint64_t at = 0; at < count; ++at) x[at] = (2 * uniform_f64({21, 2}, at) - 1) * limit;
  return x;
}

TEST(DoubleSine, IsWithinOneUlpInTheUsualRange) {
  for (const double limit : {0.79, 4.0, 1000.0, 0x1p20, 0x1p22}) {
    Accuracy<double, long double> accuracy;
    ASSERT_NO_FATAL_FAILURE(accuracy.check(uniform_doubles(200'000, limit)));
    accuracy.expect_at_most(1);
  }
}

// W. Kahan's and J.-M. Muller's worst case: no double is relatively nearer to a multiple of pi/2.
TEST(DoubleSine, IsWithinOneUlpWhereTheReductionLosesMost) {
  const double worst = std::ldexp(6381956970095103.0, 797);
  Accuracy<double, long double> accuracy;
  ASSERT_NO_FATAL_FAILURE(accuracy.check({worst, -worst, std::ldexp(worst, -1), std::ldexp(worst, 1)}));
  accuracy.expect_at_most(1);
  EXPECT_LT(std::abs(cosine(Lanes<double, 1>(worst)).vector), 0x1p-60);
}

// What makes the ways through the code change over, and what they could trip on.
template <typename Number>
std::vector<Number> special_numbers() {
  using Limits = std::numeric_limits<Number>;
  std::vector<Number> x;
  for (const double number :
       {0.78, 0.785, 1.5707963267948966, 3.141592653589793, 0x1p15, 0x1p17, 0x1p20, 0x1p33, 0x1p100})
    add_with_neighbours(static_cast<Number>(number), &x);
  for (const Number number : {Number{0}, Limits::denorm_min(), Limits::min(), Limits::epsilon(), Limits::max(),
                              Limits::infinity(), Limits::quiet_NaN()}) {
    x.push_back(number);
    x.push_back(-number);
  }
  return x;
}

template <typename Number>
class SineOf : public ::testing::Test {
 protected:
  // Small, usual, huge and special numbers, in an order that brings each kind beside each.
  static std::vector<Number> mixed_numbers() {
    std::vector<Number> x = special_numbers<Number>();
    for (uint64_t at = 0; at < 20'000; ++at) {
      const double sizes[] = {0.7, 0.8, 100, 0x1p17, 0x1p21, 0x1p120};
      const size_t size = at < 10'000 ? uniform_below({22, 3}, at, 6) : uniform_below({22, 3}, at, 3);
      x.push_back(static_cast<Number>((2 * uniform_f64({22, 4}, at) - 1) * sizes[size]));
      if (at % 500 == 499) x.push_back(x[at / 500]);
    }
    return x;
  }
};
using Numbers = ::testing::Types<float, double>;
TYPED_TEST_SUITE(SineOf, Numbers);

template <int width, typename Number>
void expect_bits_of_width_one(const std::vector<Number> &x) {
  const Results<Number> one = sines_and_cosines<1>(x), several = sines_and_cosines<width>(x);
  for (size_t at = 0; at < x.size(); ++at) {
    ASSERT_EQ(as_bits(several.sines[at]), as_bits(one.sines[at])) << width << ": " << std::hexfloat << x[at];
    ASSERT_EQ(as_bits(several.cosines[at]), as_bits(one.cosines[at])) << width << ": " << std::hexfloat << x[at];
  }
}

TYPED_TEST(SineOf, EveryWidthGivesTheSameBits) {
  const auto x = this->mixed_numbers();
  expect_bits_of_width_one<2>(x);
  expect_bits_of_width_one<4>(x);
  expect_bits_of_width_one<8>(x);
  expect_bits_of_width_one<16>(x);
}

// FNV-1a over the bits of all results, each low byte first.
template <typename Number>
uint64_t hash_of(const Results<Number> &results) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const auto *numbers : {&results.sines, &results.cosines})
    for (const Number number : *numbers)
      for (size_t byte = 0; byte < sizeof(Number); ++byte)
        hash = (hash ^ (as_bits(number) >> (8 * byte) & 0xFF)) * 0x100000001b3;
  return hash;
}

// Recorded worlds depend on these bits: they are pinned, for every compiler, level of optimisation and machine.
TEST(Sine, GivesThePinnedBits) {
  std::vector<float> floats = near_eighth_turns<float>(1 << 18, 17);
  for (const double x : doubles_of_every_size(1 << 16)) floats.push_back(static_cast<float>(x));
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 99991)
    floats.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  EXPECT_EQ(hash_of(sines_and_cosines<8>(floats)), 5586512486927485975u);

  std::vector<double> doubles = near_eighth_turns<double>(1 << 21, 101);
  for (const double x : doubles_of_every_size(1 << 16)) doubles.push_back(x);
  for (const double x : uniform_doubles(1 << 16, 10)) doubles.push_back(x);
  EXPECT_EQ(hash_of(sines_and_cosines<8>(doubles)), 10923832798486841569u);
}

TYPED_TEST(SineOf, AloneIsTheSineOfThePair) {
  const auto x = this->mixed_numbers();
  const auto pairs = sines_and_cosines<1>(x);
  for (size_t at = 0; at < x.size(); ++at) {
    EXPECT_EQ(as_bits(sine(Lanes<TypeParam, 1>(x[at])).vector), as_bits(pairs.sines[at])) << std::hexfloat << x[at];
    EXPECT_EQ(as_bits(cosine(Lanes<TypeParam, 1>(x[at])).vector), as_bits(pairs.cosines[at])) << std::hexfloat << x[at];
  }
}

TYPED_TEST(SineOf, IsOddAndCosineIsEven) {
  auto x = this->mixed_numbers();
  std::erase_if(x, [](TypeParam number) { return !std::isfinite(number); });
  auto opposite = x;
  for (TypeParam &number : opposite) number = -number;
  const auto of_x = sines_and_cosines<4>(x), of_opposite = sines_and_cosines<4>(opposite);
  for (size_t at = 0; at < x.size(); ++at) {
    EXPECT_EQ(as_bits(of_opposite.sines[at]), as_bits(-of_x.sines[at])) << std::hexfloat << x[at];
    EXPECT_EQ(as_bits(of_opposite.cosines[at]), as_bits(of_x.cosines[at])) << std::hexfloat << x[at];
  }
}

TYPED_TEST(SineOf, OfZeroIsThatZero) {
  for (const TypeParam other : {TypeParam{0}, TypeParam{1}, TypeParam{1e30f}}) {  // each way through the code
    const TypeParam zero = 0;
    const auto results = sines_and_cosines<4>(std::vector<TypeParam>{zero, -zero, other, other});
    EXPECT_EQ(as_bits(results.sines[0]), as_bits(zero)) << other;
    EXPECT_EQ(as_bits(results.sines[1]), as_bits(-zero)) << other;
    EXPECT_EQ(results.cosines[0], 1) << other;
    EXPECT_EQ(results.cosines[1], 1) << other;
  }
}

TYPED_TEST(SineOf, OfTinyNumbersIsTheNumber) {
  using Limits = std::numeric_limits<TypeParam>;
  for (const TypeParam tiny : {Limits::denorm_min(), 3 * Limits::denorm_min(), Limits::min(), Limits::epsilon() / 2}) {
    const auto results = sines_and_cosines<2>(std::vector<TypeParam>{tiny, -tiny});
    EXPECT_EQ(results.sines[0], tiny);
    EXPECT_EQ(results.sines[1], -tiny);
    EXPECT_EQ(results.cosines[0], 1);
  }
}

TYPED_TEST(SineOf, OfNoFiniteNumberIsThePositiveQuietNan) {
  using Limits = std::numeric_limits<TypeParam>;
  const auto signalling = std::bit_cast<TypeParam>(as_bits(Limits::infinity()) + 1);
  const auto payload = std::bit_cast<TypeParam>(as_bits(-Limits::quiet_NaN()) + 5);
  const std::vector<TypeParam> x{Limits::infinity(),
                                 -Limits::infinity(),
                                 Limits::quiet_NaN(),
                                 -Limits::quiet_NaN(),
                                 signalling,
                                 payload,
                                 0.5f,
                                 50};
  const auto results = sines_and_cosines<8>(x);
  for (size_t at = 0; at < 6; ++at) {
    EXPECT_EQ(as_bits(results.sines[at]), as_bits(Limits::quiet_NaN())) << at;
    EXPECT_EQ(as_bits(results.cosines[at]), as_bits(Limits::quiet_NaN())) << at;
  }
  EXPECT_LT(std::abs(results.sines[6] - std::sin(TypeParam{0.5f})), Limits::epsilon());
  EXPECT_LT(std::abs(results.cosines[7] - std::cos(TypeParam{50})), Limits::epsilon());
}

template <int width, typename Number>
[[gnu::noinline]] void expect_std_floor(const std::vector<Number> &x) {
  for (size_t at = 0; at + width <= x.size(); ++at) {
    Number floors[width];
    floor(Lanes<Number, width>::load(&x[at])).store(floors);
    for (size_t lane = 0; lane < width; ++lane) {
      const Number expected = std::floor(x[at + lane]);
      ASSERT_TRUE(as_bits(floors[lane]) == as_bits(expected) || (std::isnan(floors[lane]) && std::isnan(expected)))
          << width << ": " << std::hexfloat << x[at + lane] << ' ' << floors[lane];
    }
  }
}

TYPED_TEST(SineOf, FloorIsTheStandardLibrarys) {
  auto x = this->mixed_numbers();
  for (const double number : {0.5, 1.0, 1.5, 2.0, 2.5, 0x1p22, 0x1p23, 0x1p24, 0x1p51, 0x1p52, 0x1p53})
    add_with_neighbours(static_cast<TypeParam>(number), &x);
  expect_std_floor<1>(x);
  expect_std_floor<2>(x);
  expect_std_floor<4>(x);
  expect_std_floor<8>(x);
  expect_std_floor<16>(x);
}

}  // namespace
}  // namespace penstock::core
