#include "core/base/arc_tangent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace penstock::core {
namespace {

float angle(float y, float x) { return angle_of_point(Lanes<float, 1>(y), Lanes<float, 1>(x)).vector; }

// Points all around, near and far, most of them near the axes and diagonals, too.
struct Point {
  float y, x;
};
Point point_number(uint64_t index) {
  const RandomStream stream{11, 0};
  const float size = std::ldexp(1.0f, static_cast<int>(uniform_below(stream, index, 80)) - 40);
  const float other = std::ldexp(1.0f, static_cast<int>(uniform_below({12, 0}, index, 9)) - 4);
  return {size * other * (2 * uniform_f32(stream, 2 * index) - 1), size * (2 * uniform_f32(stream, 2 * index + 1) - 1)};
}

TEST(ArcTangent, IsWithinThreeUnitsOfTheLastPlace) {
  double worst = 0;
  for (uint64_t index = 0; index < 2'000'000; ++index) {
    const auto [y, x] = point_number(index);
    const double truth = std::atan2(static_cast<double>(y), static_cast<double>(x));
    int exponent;
    std::frexp(truth, &exponent);
    worst = std::max(worst, std::abs(std::ldexp(static_cast<double>(angle(y, x)) - truth, 24 - exponent)));
  }
  EXPECT_LE(worst, 3);
  EXPECT_GT(worst, 0.5);
}

TEST(ArcTangent, GivesTheSameBitsAtEachWidth) {
  for (uint64_t index = 0; index < 100'000; index += 8) {
    float ys[8], xs[8], wide[8];
    for (uint64_t lane = 0; lane < 8; ++lane) {
      ys[lane] = point_number(index + lane).y;
      xs[lane] = point_number(index + lane).x;
    }
    angle_of_point(Lanes<float, 8>::load(ys), Lanes<float, 8>::load(xs)).store(wide);
    for (int lane = 0; lane < 8; ++lane)
      ASSERT_EQ(wide[lane], angle(ys[lane], xs[lane])) << ys[lane] << ' ' << xs[lane];
  }
}

TEST(ArcTangent, AnswersAtTheAxesAndBeyondAsC) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float y : {0.0f, -0.0f, 1.0f, -1.0f, infinity, -infinity})
    for (const float x : {0.0f, -0.0f, 1.0f, -1.0f, infinity, -infinity}) {
      if (std::isinf(y) && std::isinf(x)) {
        EXPECT_TRUE(std::isnan(angle(y, x)));
        continue;
      }
      EXPECT_FLOAT_EQ(angle(y, x), std::atan2(y, x)) << y << ' ' << x;
      EXPECT_EQ(std::signbit(angle(y, x)), std::signbit(std::atan2(y, x))) << y << ' ' << x;
    }
  EXPECT_TRUE(std::isnan(angle(NAN, 1)));
  EXPECT_TRUE(std::isnan(angle(1, NAN)));
}

}  // namespace
}  // namespace penstock::core
