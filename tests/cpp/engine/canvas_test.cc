#include "core/worlds/canvas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "core/base/random.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/picture.h"

namespace penstock::core {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Colour white{255, 255, 255};
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

double area(const std::vector<Point> &corners) {
  double twice = 0;
  for (size_t at = 0; at < corners.size(); ++at) {
    const Point a = corners[at], b = corners[(at + 1) % corners.size()];
    twice += a.x * b.y - b.x * a.y;
  }
  return std::abs(twice) / 2;
}

// What of a convex outline lies where a x + b y <= c.
std::vector<Point> cut_off(const std::vector<Point> &corners, double a, double b, double c) {
  std::vector<Point> kept;
  for (size_t at = 0; at < corners.size(); ++at) {
    const Point from = corners[at], to = corners[(at + 1) % corners.size()];
    const double from_side = a * from.x + b * from.y - c, to_side = a * to.x + b * to.y - c;
    if (from_side <= 0) kept.push_back(from);
    if ((from_side < 0 && to_side > 0) || (from_side > 0 && to_side < 0)) {
      const double part = from_side / (from_side - to_side);
      kept.push_back({from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)});
    }
  }
  return kept;
}

double uniform(uint64_t stream, uint64_t index, double from, double to) {
  return from + (to - from) * uniform_f64({2024, stream}, index);
}

TEST(Canvas, RefusesSidesThatAreNoPicture) {
  std::vector<uint8_t> pixels(4096 * 3);
  expect_failure(Status::out_of_range, "a picture 0 pixels wide and 5 high: each must be 1 to 4096",
                 [&] { PixelCanvas(pixels.data(), 0, 5); });
  expect_failure(Status::out_of_range, HasSubstr("4 pixels wide and -1 high"),
                 [&] { PixelCanvas(pixels.data(), 4, -1); });
  expect_failure(Status::out_of_range, HasSubstr("4097 pixels wide"), [&] { PixelCanvas(pixels.data(), 4097, 1); });
  PixelCanvas(pixels.data(), 4096, 1).fill(white);
  EXPECT_THAT(pixels, Each(255));
}

TEST(Canvas, RefusesViewsThatShowNothing) {
  Picture picture(4, 4);
  expect_failure(Status::invalid_argument, "the centre of a view is (nan, 0): it must be finite", [&] {
    picture.canvas().look_at({nan, 0}, 1);
  });
  for (const double scale : {0.0, -1.0, infinity, nan})
    expect_failure(Status::invalid_argument, HasSubstr("it must be finite and above 0"), [&] {
      picture.canvas().look_at({0, 0}, scale);
    });
}

TEST(Canvas, FillsEveryPixelWithOneColour) {
  Picture picture(3, 2);
  picture.canvas().fill({1, 2, 3});
  EXPECT_THAT(picture.bytes(), ElementsAre(1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3));
}

TEST(CanvasView, StartsWithPixelsAsUnitsAndTheOriginLowerLeft) {
  Picture picture(4, 3);
  const Point corners[] = {{0, 0}, {2, 0}, {2, 1}, {0, 1}};
  picture.canvas().polygon(corners, white);
  EXPECT_THAT(picture.rows(), ElementsAre("....", "....", "##.."));
}

TEST(CanvasView, PutsItsCentreInTheMiddleAtItsScale) {
  Picture picture(6, 4);
  picture.canvas().look_at({10, 20}, 2);
  const Point corners[] = {{10, 20}, {11, 20}, {11, 21}, {10, 21}};
  picture.canvas().polygon(corners, white);
  EXPECT_THAT(picture.rows(), ElementsAre("...##.", "...##.", "......", "......"));
  EXPECT_EQ(picture.canvas().left(), 8.5);
  EXPECT_EQ(picture.canvas().right(), 11.5);
}

TEST(CanvasPolygon, ColoursPixelsAsFarAsItCoversThem) {
  Picture picture(5, 4);
  const Point corners[] = {{0.5, 0.5}, {3.25, 0.5}, {3.25, 3}, {0.5, 3}};
  picture.canvas().polygon(corners, white);
  //                                                        half = 0x80, quarter = 0x40, eighth = 0x20
  EXPECT_THAT(picture.rows(), ElementsAre(".....", "8##4.", "8##4.", "4882."));
}

TEST(CanvasPolygon, HalvesPixelsOnADiagonal) {
  Picture picture(4, 4);
  const Point corners[] = {{0, 0}, {4, 0}, {0, 4}};
  picture.canvas().polygon(corners, white);
  EXPECT_THAT(picture.rows(), ElementsAre("8...", "#8..", "##8.", "###8"));
}

TEST(CanvasPolygon, MixesItsColourWithWhatIsThere) {
  Picture picture(1, 1);
  picture.canvas().fill({100, 200, 10});
  const Point quarter[] = {{0, 0}, {0.5, 0}, {0.5, 0.5}, {0, 0.5}};
  picture.canvas().polygon(quarter, {200, 0, 10});
  EXPECT_THAT(picture.bytes(), ElementsAre(125, 150, 10));
}

TEST(CanvasPolygon, TakesItsCornersInEitherDirection) {
  Picture one_way(20, 20), other_way(20, 20);
  const Point forward[] = {{2.3, 1.7}, {17.9, 4.4}, {9.2, 18.6}}, backward[] = {{9.2, 18.6}, {17.9, 4.4}, {2.3, 1.7}};
  one_way.canvas().polygon(forward, white);
  other_way.canvas().polygon(backward, white);
  EXPECT_EQ(one_way.bytes(), other_way.bytes());
}

TEST(CanvasPolygon, LeavesOutItsDents) {
  Picture picture(6, 4);
  const Point letter_u[] = {{0, 0}, {6, 0}, {6, 4}, {4, 4}, {4, 1}, {2, 1}, {2, 4}, {0, 4}};
  picture.canvas().polygon(letter_u, white);
  EXPECT_THAT(picture.rows(), ElementsAre("##..##", "##..##", "##..##", "######"));
}

TEST(CanvasPolygon, CountsWhatItGoesAroundTwiceOnce) {
  Picture picture(4, 2);
  const Point twice_around[] = {{1, 0}, {3, 0}, {3, 2}, {1, 2}, {1, 0}, {3, 0}, {3, 2}, {1, 2}};
  picture.canvas().polygon(twice_around, white);
  EXPECT_THAT(picture.rows(), ElementsAre(".##.", ".##."));
}

// Each pixel at the border rounds by half of 1/255 at most, and edges lie on a grid of 1/1024 pixel.
TEST(CanvasPolygon, CoversItsArea) {
  for (uint64_t round = 0; round < 300; ++round) {
    Picture picture(64, 48);
    std::vector<Point> triangle;
    for (uint64_t corner = 0; corner < 3; ++corner)
      triangle.push_back({uniform(round, 2 * corner, 0, 64), uniform(round, 2 * corner + 1, 0, 48)});
    picture.canvas().polygon(triangle, white);
    EXPECT_NEAR(picture.covered(), area(triangle), 0.35) << "round " << round;
  }
}

TEST(CanvasPolygon, CoversOfEachPixelWhatLiesInIt) {
  for (uint64_t round = 0; round < 100; ++round) {
    Picture picture(20, 20);
    std::vector<Point> triangle;
    for (uint64_t corner = 0; corner < 3; ++corner)
      triangle.push_back({uniform(round, 2 * corner, -5, 25), uniform(round, 2 * corner + 1, -5, 25)});
    picture.canvas().polygon(triangle, white);
    for (int32_t x = 0; x < 20; ++x) {
      for (int32_t y = 0; y < 20; ++y) {
        const auto inside =
            cut_off(cut_off(cut_off(cut_off(triangle, -1, 0, -x), 1, 0, x + 1), 0, -1, -y), 0, 1, y + 1);
        ASSERT_NEAR(picture.pixel(x, 19 - y).red / 255.0, area(inside), 3.0 / 256 + 0.5 / 255) << "round " << round;
      }
    }
  }
}

TEST(CanvasPolygon, CoversItsAreaAlsoWhereItIsAFineSliver) {
  Picture picture(200, 100);
  const std::vector<Point> sliver = {{1.1, 1.3}, {198.7, 97.2}, {198.7, 97.4}};
  picture.canvas().polygon(sliver, white);
  EXPECT_NEAR(picture.covered(), area(sliver), 0.5);
}

// One shape on a canvas, and the same shape seen through a window: what lies over any border is cut off and nothing
// else.
TEST(CanvasPolygon, IsCutOffAtEveryBorder) {
  for (uint64_t round = 0; round < 200; ++round) {
    Picture whole(96, 96), window(32, 32);
    window.canvas().look_at({48, 48}, 1);
    std::vector<Point> corners;
    for (uint64_t corner = 0; corner < 3 + round % 5; ++corner) {
      const double x = std::round(uniform(round, 2 * corner, 0, 96) * 64) / 64;  // exact however the view moves it
      corners.push_back({x, std::round(uniform(round, 2 * corner + 1, 0, 96) * 64) / 64});
    }
    whole.canvas().polygon(corners, white);
    window.canvas().polygon(corners, white);
    for (int32_t y = 0; y < 32; ++y)
      for (int32_t x = 0; x < 32; ++x)
        ASSERT_EQ(window.pixel(x, y).red, whole.pixel(x + 32, y + 32).red) << x << ", " << y << " of round " << round;
  }
}

TEST(CanvasPolygon, FillsAllWhenItSurroundsThePicture) {
  for (const double size : {10.0, 1000.0, 1e6}) {
    Picture picture(7, 5);
    const Point corners[] = {{-size, -size}, {size, -size}, {size, size}, {-size, size}};
    picture.canvas().polygon(corners, white);
    EXPECT_THAT(picture.bytes(), Each(255)) << size;
  }
}

TEST(CanvasPolygon, DrawsNothingBesideThePicture) {
  for (const Point corner : {Point{-9, 2}, Point{20, 2}, Point{2, -9}, Point{2, 20}, Point{-20, -20}, Point{8, 2}}) {
    Picture picture(8, 8);
    const Point corners[] = {corner, {corner.x + 5, corner.y}, {corner.x + 5, corner.y + 5}, {corner.x, corner.y + 5}};
    picture.canvas().polygon(corners, white);
    EXPECT_EQ(picture.covered(), 0) << corner.x << ", " << corner.y;
  }
}

TEST(CanvasPolygon, EnclosesNothingWithTooFewOrLevelCorners) {
  Picture picture(8, 8);
  const Point corners[] = {{1, 1}, {5, 1}, {7, 1}, {5, 1}};
  for (size_t count = 0; count <= 4; ++count) picture.canvas().polygon(std::span(corners, count), white);
  const Point there_and_back[] = {{1, 1}, {6.5, 7.25}, {1, 1}, {6.5, 7.25}};
  picture.canvas().polygon(there_and_back, white);
  EXPECT_EQ(picture.covered(), 0);
}

TEST(Canvas, DrawsEachShapeByItself) {
  Picture picture(8, 4);
  const Point left[] = {{0, 0}, {2, 0}, {2, 2}, {0, 2}}, right[] = {{6, 2}, {8, 2}, {8, 4}, {6, 4}};
  picture.canvas().polygon(left, white);
  picture.canvas().polygon(right, white);
  EXPECT_THAT(picture.rows(), ElementsAre("......##", "......##", "##......", "##......"));
}

TEST(Canvas, LeavesOutAShapeWithACoordinateThatIsNoPlace) {
  Picture picture(16, 16);
  for (const double bad : {nan, infinity, -infinity, 1e7, -1e7, 1e300, -1e300, std::numeric_limits<double>::max()}) {
    const Point corners[] = {{1, 1}, {12, 1}, {12, bad}}, others[] = {{1, 1}, {bad, 1}, {12, 12}};
    picture.canvas().polygon(corners, white);
    picture.canvas().polygon(others, white);
    for (const LineEnds ends : {LineEnds::flat, LineEnds::round}) {
      picture.canvas().line({bad, 4}, {8, 8}, 3, ends, white);
      picture.canvas().line({4, 4}, {8, bad}, 3, ends, white);
      picture.canvas().line({bad, bad}, {bad, bad}, 3, ends, white);
      picture.canvas().line({bad, bad}, {-bad, -bad}, 3, ends, white);
      picture.canvas().line({4, 4}, {8, 8}, bad, ends, white);
      picture.canvas().line({4, 4}, {4, 4}, bad, ends, white);
    }
    picture.canvas().circle({bad, 4}, 3, white);
    picture.canvas().circle({4, bad}, 3, white);
    picture.canvas().circle({4, 4}, bad, white);
    picture.canvas().circle({bad, bad}, bad, white);
    EXPECT_EQ(picture.covered(), 0) << bad;
  }
  picture.canvas().circle({8, 8}, 3, white);
  EXPECT_GT(picture.covered(), 20) << "a shape that is left out must not spoil the next";
}

TEST(Canvas, KeepsWithinItsMemoryWhateverIsDrawn) {
  for (uint64_t round = 0; round < 400; ++round) {
    Picture picture(1 + static_cast<int32_t>(round % 40), 1 + static_cast<int32_t>(round % 23));
    const auto number = [&](uint64_t index) {
      return uniform(round, 2 * index, -1, 1) * std::exp2(uniform(round, 2 * index + 1, -60, 21));
    };
    picture.canvas().look_at({number(0), number(1)}, std::abs(number(2)));
    const Point corners[] = {{number(3), number(4)}, {number(5), number(6)}, {number(7), number(8)}};
    picture.canvas().polygon(corners, white);
    picture.canvas().line(corners[0], corners[1], number(9), LineEnds::round, white);
    picture.canvas().line(corners[1], corners[2], number(10), LineEnds::flat, white);
    picture.canvas().circle(corners[2], number(11), white);
  }
}

TEST(CanvasLine, EndsFlatAtItsPoints) {
  Picture picture(6, 4);
  picture.canvas().line({1, 2}, {5, 2}, 2, LineEnds::flat, white);
  EXPECT_THAT(picture.rows(), ElementsAre("......", ".####.", ".####.", "......"));
}

TEST(CanvasLine, GoesOnAsHalfADiscAroundRoundEnds) {
  const double length = 20, width = 7.5;
  Picture flat(48, 48), round(48, 48);
  flat.canvas().line({13, 17}, {13 + 0.6 * length, 17 + 0.8 * length}, width, LineEnds::flat, white);
  round.canvas().line({13, 17}, {13 + 0.6 * length, 17 + 0.8 * length}, width, LineEnds::round, white);
  EXPECT_NEAR(flat.covered(), length * width, 0.2);
  EXPECT_NEAR(round.covered(), length * width + std::numbers::pi * width * width / 4, 0.5);
}

TEST(CanvasLine, WithoutLengthIsADiscOrNothing) {
  Picture flat(16, 16), round(16, 16), disc(16, 16);
  flat.canvas().line({7, 9}, {7, 9}, 6, LineEnds::flat, white);
  round.canvas().line({7, 9}, {7, 9}, 6, LineEnds::round, white);
  disc.canvas().circle({7, 9}, 3, white);
  EXPECT_EQ(flat.covered(), 0);
  EXPECT_EQ(round.bytes(), disc.bytes());
  EXPECT_GT(disc.covered(), 0);
}

TEST(CanvasLine, WithoutWidthIsNothing) {
  Picture picture(16, 16);
  for (const double width : {0.0, -0.0, -3.0, nan}) {
    picture.canvas().line({2, 2}, {12, 9}, width, LineEnds::flat, white);
    picture.canvas().line({2, 2}, {12, 9}, width, LineEnds::round, white);
    picture.canvas().circle({8, 8}, width, white);
  }
  EXPECT_EQ(picture.covered(), 0);
}

TEST(CanvasCircle, CoversADiscsAreaAtEverySize) {
  for (const double radius : {0.2, 1.0, 3.3, 17.0, 60.0, 199.5}) {
    Picture picture(401, 401);
    picture.canvas().circle({200.3, 200.7}, radius, white);
    const double circumference = 2 * std::numbers::pi * radius;
    EXPECT_NEAR(picture.covered(), std::numbers::pi * radius * radius, circumference / 32 + 0.01) << radius;
  }
}

TEST(CanvasCircle, BordersWhereItsRadiusSays) {
  for (const double radius : {5.0, 500.0, 5e3, 5e5}) {
    Picture picture(8, 8);  // at 45 degrees above and right of the circle's middle
    const double distance = radius * std::numbers::sqrt2 / 2;
    picture.canvas().look_at({distance, distance}, 1);
    picture.canvas().circle({0, 0}, radius, white);
    const double sagitta = 8 * 8 / radius;  // the circle is all but straight here
    EXPECT_NEAR(picture.covered(), 32, sagitta + 12.0 / 32) << radius;
  }
}

TEST(CanvasCircle, ScalesWithTheView) {
  Picture small(20, 20), scaled(20, 20);
  small.canvas().circle({10, 10}, 6, white);
  scaled.canvas().look_at({0, 0}, 4);
  scaled.canvas().circle({0, 0}, 1.5, white);
  EXPECT_EQ(small.bytes(), scaled.bytes());
}

}  // namespace
}  // namespace penstock::core
