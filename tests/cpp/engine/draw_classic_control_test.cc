#include "core/worlds/draw_classic_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cpp/engine/picture.h"

namespace penstock::core {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr Colour black{0, 0, 0}, white{255, 255, 255}, pole{202, 152, 101}, wheel{128, 128, 128}, flag{204, 204, 0},
    rod{204, 77, 77}, link{0, 204, 204}, joint{204, 204, 0};

// A state, or for Pendulum the state and then the last torque.
using Numbers = std::array<double, 4>;
struct Game {
  PictureSize size;
  int places;  // how many of the numbers the picture shows: the first ones, and of Pendulum the torque too
  std::function<void(Canvas &, const Numbers &)> draw;
};

const std::map<std::string, Game> &games() {
  static const std::map<std::string, Game> all = {
      {"CartPole-v1",
       {cart_pole_picture, 4, [](Canvas &canvas, const Numbers &numbers) { draw_cart_pole(canvas, numbers.data()); }}},
      {"MountainCar-v0",
       {mountain_car_picture, 2,
        [](Canvas &canvas, const Numbers &numbers) { draw_mountain_car(canvas, numbers.data()); }}},
      {"MountainCarContinuous-v0",
       {mountain_car_picture, 2,
        [](Canvas &canvas, const Numbers &numbers) { draw_mountain_car_continuous(canvas, numbers.data()); }}},
      {"Pendulum-v1",
       {pendulum_picture, 3,
        [](Canvas &canvas, const Numbers &numbers) { draw_pendulum(canvas, numbers.data(), numbers[2]); }}},
      {"Acrobot-v1",
       {acrobot_picture, 4, [](Canvas &canvas, const Numbers &numbers) { draw_acrobot(canvas, numbers.data()); }}},
  };
  return all;
}

// Every picture begins as noise, so that what is left undrawn shows.
void draw(Picture &picture, const std::string &game, const Numbers &numbers) {
  picture.canvas().fill({17, 99, 201});
  games().at(game).draw(picture.canvas(), numbers);
}

std::vector<uint8_t> bytes_of(const std::string &game, const Numbers &numbers) {
  Picture picture(games().at(game).size.width, games().at(game).size.height);
  draw(picture, game, numbers);
  return picture.bytes();
}

bool same(Colour a, Colour b) { return a.red == b.red && a.green == b.green && a.blue == b.blue; }

// The pixels of exactly one colour, all or those near a point: how many, and their middle, y up from the lower border.
struct Patch {
  int64_t count = 0;
  Point middle{0, 0};
};
Patch patch(const Picture &picture, Colour colour, Point near = {0, 0}, double distance = infinity) {
  Patch found;
  for (int32_t row = 0; row < picture.height(); ++row) {
    for (int32_t column = 0; column < picture.width(); ++column) {
      const double x = column + 0.5, y = picture.height() - row - 0.5;
      if (!same(picture.pixel(column, row), colour) || std::hypot(x - near.x, y - near.y) > distance) continue;
      ++found.count;
      found.middle.x += x;
      found.middle.y += y;
    }
  }
  if (found.count > 0) {
    found.middle.x /= static_cast<double>(found.count);
    found.middle.y /= static_cast<double>(found.count);
  }
  return found;
}

double mean_difference(const std::vector<uint8_t> &a, const std::vector<uint8_t> &b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (size_t at = 0; at < a.size(); ++at) sum += std::abs(a[at] - b[at]);
  return sum / static_cast<double>(a.size());
}

std::vector<uint8_t> mirrored(const Picture &picture) {
  std::vector<uint8_t> bytes;
  for (int32_t y = 0; y < picture.height(); ++y) {
    for (int32_t x = picture.width() - 1; x >= 0; --x) {
      const Colour colour = picture.pixel(x, y);
      bytes.insert(bytes.end(), {colour.red, colour.green, colour.blue});
    }
  }
  return bytes;
}

// A line of the file: game, width, height, numbers, then XXH3-64 of the picture's bytes.  The sentence of a failure has
// the line that a picture which is meant to change gets.
TEST(ClassicControlPictures, AreTheRecordedOnes) {
  std::ifstream file(TEST_DATA_DIR "/worlds/pictures.txt");
  std::set<std::string> seen;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string game, recorded;
    int32_t width = 0, height = 0;
    Numbers numbers{};
    fields >> game >> width >> height;
    for (int place = 0; place < games().at(game).places; ++place) fields >> numbers[static_cast<size_t>(place)];
    fields >> recorded;
    ASSERT_TRUE(fields) << line;
    Picture picture(width, height);
    draw(picture, game, numbers);
    const std::vector<uint8_t> bytes = picture.bytes();
    char hash[17];
    std::snprintf(hash, sizeof(hash), "%016llx",
                  static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
    EXPECT_EQ(hash, recorded) << line.substr(0, line.rfind(' ') + 1) << hash;
    seen.insert(game);
  }
  EXPECT_EQ(seen.size(), games().size());
}

TEST(ClassicControlPictures, ShowEachPlaceAndNoSpeed) {
  const Numbers somewhere = {0.11, 0.12, 0.53, 0.14};
  const std::map<std::string, std::array<bool, 4>> shown = {{"CartPole-v1", {true, false, true, false}},
                                                            {"MountainCar-v0", {true, false}},
                                                            {"MountainCarContinuous-v0", {true, false}},
                                                            {"Pendulum-v1", {true, false, true}},
                                                            {"Acrobot-v1", {true, true, false, false}}};
  for (const auto &[game, shows] : shown) {
    for (size_t place = 0; place < 4; ++place) {
      Numbers elsewhere = somewhere;
      elsewhere[place] += 0.01;
      EXPECT_EQ(bytes_of(game, elsewhere) != bytes_of(game, somewhere), shows[place]) << game << ", number " << place;
    }
  }
}

TEST(ClassicControlPictures, TakeAnySizeOfCanvas) {
  for (const auto &[name, game] : games()) {
    for (const PictureSize size : {PictureSize{16, 16}, {4096, 16}, {16, 4096}, {4096, 4096}, {333, 77}}) {
      Picture picture(size.width, size.height);
      draw(picture, name, {0.1, 0.2, 0.3, 0.4});
      const int64_t pixels = int64_t{size.width} * size.height;
      const int64_t background = patch(picture, white).count;
      EXPECT_GT(background, pixels / 2) << name << " in " << size.width << " x " << size.height;
      EXPECT_LT(background, pixels) << name << " in " << size.width << " x " << size.height;
    }
  }
}

// A picture of thrice the size, with each 3 x 3 pixels made one, is the picture.
TEST(ClassicControlPictures, ScaleWithTheCanvas) {
  for (const auto &[name, game] : games()) {
    const Numbers numbers = {0.4, 0.1, 0.5, 0.2};
    const int32_t width = game.size.width, height = game.size.height;
    Picture large(3 * width, 3 * height);
    draw(large, name, numbers);
    std::vector<uint8_t> reduced;
    for (int32_t y = 0; y < height; ++y) {
      for (int32_t x = 0; x < width; ++x) {
        int32_t red = 4, green = 4, blue = 4;
        for (int32_t part = 0; part < 9; ++part) {
          const Colour colour = large.pixel(3 * x + part % 3, 3 * y + part / 3);
          red += colour.red;
          green += colour.green;
          blue += colour.blue;
        }
        for (const int32_t sum : {red, green, blue}) reduced.push_back(static_cast<uint8_t>(sum / 9));
      }
    }
    EXPECT_LT(mean_difference(reduced, bytes_of(name, numbers)), 0.03) << name;
  }
}

TEST(ClassicControlPictures, KeepTheirFineLinesWhenSmall) {
  Picture picture(60, 40);  // the track is a tenth of a pixel wide
  draw(picture, "CartPole-v1", {0, 0, 0, 0});
  const int32_t darkness = 2 * 255 - picture.pixel(5, 39 - 9).red - picture.pixel(5, 39 - 10).red;
  EXPECT_NEAR(darkness, 255, 1);
}

TEST(ClassicControlPictures, LieInTheMiddleOfACanvasOfAnotherShape) {
  Picture wide(1000, 100), tall(100, 1000);
  draw(wide, "Pendulum-v1", {pi / 2, 0, 0, 0});  // towards the left
  draw(tall, "Pendulum-v1", {pi / 2, 0, 0, 0});
  const double rod_middle = -0.5 * 100 / 4.4;
  EXPECT_NEAR(patch(wide, rod).middle.x, 500 + rod_middle, 2);
  EXPECT_NEAR(patch(wide, rod).middle.y, 50, 0.1);
  EXPECT_NEAR(patch(tall, rod).middle.x, 50 + rod_middle, 2);
  EXPECT_NEAR(patch(tall, rod).middle.y, 500, 0.1);
}

TEST(ClassicControlPictures, LeaveOutWhatHasNoPlace) {
  for (const auto &[name, game] : games()) {
    for (const double bad : {nan, infinity, -infinity, 1e300, -1e300}) {
      for (size_t place = 0; place < 4; ++place) {
        Numbers numbers = {0.1, 0.2, 0.3, 0.4};
        numbers[place] = bad;
        Picture picture(96, 64);
        draw(picture, name, numbers);
        EXPECT_GT(patch(picture, white).count, 96 * 64 / 2) << name << ", number " << place << " is " << bad;
      }
    }
  }
  Picture here(600, 400), nowhere(600, 400);
  draw(here, "MountainCar-v0", {-0.5, 0, 0, 0});
  draw(nowhere, "MountainCar-v0", {nan, 0, 0, 0});
  EXPECT_GT(patch(here, wheel).count, patch(nowhere, wheel).count + 300);
  EXPECT_EQ(patch(here, flag).count, patch(nowhere, flag).count);
}

TEST(CartPolePicture, HasThePoleWhereItsAngleSays) {
  for (const double angle : {-3.0, -1.0, -0.2, 0.0, 0.1, 0.5, 2.0}) {
    Picture picture(600, 400);
    draw(picture, "CartPole-v1", {0.4, 0, angle, 0});
    const Patch found = patch(picture, pole);
    const Point axle = {300 + 0.4 * 125, 107.5};
    EXPECT_NEAR(std::atan2(found.middle.x - axle.x, found.middle.y - axle.y), angle, 0.02);
    EXPECT_LT(found.count, 10 * 125);
    EXPECT_GT(found.count, 7 * 125) << "all of it but its border and the axle";
  }
}

TEST(CartPolePicture, HasTheCartWhereItIsOnTheTrack) {
  for (const double x : {-2.4, -1.0, 0.0, 0.04, 2.3}) {
    Picture picture(600, 400);
    draw(picture, "CartPole-v1", {x, 0, 0, 0});
    int32_t first = 600, last = -1;
    for (int32_t column = 0; column < 600; ++column) {
      EXPECT_TRUE(same(picture.pixel(column, 399 - 100), black)) << "the track at " << column;
      if (!same(picture.pixel(column, 399 - 90), black)) continue;
      first = std::min(first, column);
      last = column;
    }
    EXPECT_NEAR(first, std::max(0.0, 300 + 125 * x - 25), 1) << x;
    EXPECT_NEAR(last, std::min(599.0, 300 + 125 * x + 24), 1) << x;
  }
}

TEST(CartPolePicture, IsMirroredWithItsState) {
  Picture picture(600, 400);
  draw(picture, "CartPole-v1", {0.7, 0, -0.15, 0});
  EXPECT_LT(mean_difference(mirrored(picture), bytes_of("CartPole-v1", {-0.7, 0, 0.15, 0})), 0.01);
  EXPECT_GT(mean_difference(picture.bytes(), bytes_of("CartPole-v1", {-0.7, 0, 0.15, 0})), 1);
}

TEST(MountainCarPicture, HasTheCarOnTheHill) {
  for (const double position : {-1.1, -0.5, 0.0, 0.4}) {
    Picture picture(600, 400);
    draw(picture, "MountainCar-v0", {position, 0, 0, 0});
    const double x = 600 / 1.8 * (position + 1.2), y = 600 / 1.8 * (0.45 * std::sin(3 * position) + 0.55);
    const Patch wheels = patch(picture, wheel, {x, y + 10}, 25);  // the road has pixels of their grey further off
    EXPECT_GT(wheels.count, 300);
    EXPECT_NEAR(wheels.middle.x, x, 1);
    EXPECT_NEAR(wheels.middle.y, y + 10, 1);
  }
}

TEST(MountainCarPicture, LeansTheCarAlongTheHill) {
  for (const double position : {-1.1, -0.5, 0.0, 0.4}) {
    Picture picture(600, 400);
    draw(picture, "MountainCar-v0", {position, 0, 0, 0});
    const double x = 600 / 1.8 * (position + 1.2), y = 600 / 1.8 * (0.45 * std::sin(3 * position) + 0.55);
    const double lean = std::cos(3 * position);
    const Point roof = {x - 15 * std::sin(lean), y + 10 + 15 * std::cos(lean)};
    EXPECT_GT(patch(picture, black, roof, 4).count, 40) << "the body above the wheels, at " << position;
  }
}

TEST(MountainCarPicture, HasTheFlagAtTheGoal) {
  Picture discrete(600, 400), continuous(600, 400);
  draw(discrete, "MountainCar-v0", {-0.5, 0, 0, 0});
  draw(continuous, "MountainCarContinuous-v0", {-0.5, 0, 0, 0});
  const Patch at_half = patch(discrete, flag), before = patch(continuous, flag);
  const double cloth_middle = 25.0 / 3;
  EXPECT_NEAR(at_half.middle.x, 600 / 1.8 * (0.5 + 1.2) + cloth_middle, 1.5);
  EXPECT_NEAR(before.middle.x, 600 / 1.8 * (0.45 + 1.2) + cloth_middle, 1.5);
  EXPECT_GT(at_half.middle.y, before.middle.y) << "the hill still rises between them";
}

TEST(PendulumPicture, HasTheRodWhereItsAngleSays) {
  for (const double angle : {-2.5, -1.0, 0.2, 1.5, 3.0}) {
    Picture picture(500, 500);
    draw(picture, "Pendulum-v1", {angle, 0, 0, 0});
    const Patch found = patch(picture, rod);
    EXPECT_NEAR(std::atan2(250 - found.middle.x, found.middle.y - 250), angle, 0.02) << "anticlockwise from the top";
    EXPECT_NEAR(std::hypot(found.middle.x - 250, found.middle.y - 250), 0.5 * 500 / 4.4, 3);
  }
}

TEST(PendulumPicture, ShowsTheTorqueBySizeAndDirection) {
  const auto arrow = [](double torque) {
    Picture picture(500, 500);
    draw(picture, "Pendulum-v1", {pi, 0, torque, 0});  // the rod hangs down
    return patch(picture, black);
  };
  const Patch none = arrow(0), half = arrow(-1), whole = arrow(-2), against = arrow(2);
  EXPECT_GT(half.count, none.count + 50);
  EXPECT_GT(whole.count, 2 * half.count);
  EXPECT_GT(whole.middle.x, 255) << "clockwise: the upper left quarter is the one that is open";
  EXPECT_LT(whole.middle.y, 245);
  EXPECT_LT(against.middle.x, 245);
  EXPECT_LT(against.middle.y, 245);
  EXPECT_EQ(arrow(nan).count, none.count);
}

TEST(AcrobotPicture, HasBothLinksWhereTheirAnglesSay) {
  for (const Numbers &angles : {Numbers{0, 0}, Numbers{0.5, 0.7}, Numbers{-2, 1.5}, Numbers{3, -0.4}}) {
    Picture picture(500, 500);
    draw(picture, "Acrobot-v1", angles);
    const double scale = 500 / 4.4, first = angles[0], both = angles[0] + angles[1];
    const Point elbow = {250 + scale * std::sin(first), 250 - scale * std::cos(first)};
    const Point tip = {elbow.x + scale * std::sin(both), elbow.y - scale * std::cos(both)};
    EXPECT_NEAR(patch(picture, joint).middle.x, (250 + elbow.x) / 2, 1.5);
    EXPECT_NEAR(patch(picture, joint).middle.y, (250 + elbow.y) / 2, 1.5);
    // Of the upper link the joints leave 0.8 in its middle, of the lower the outer 0.9.
    const auto middle = [](double pivot, double elbow, double tip) {
      return (0.8 * (pivot + elbow) / 2 + 0.9 * (elbow + 0.55 * (tip - elbow))) / 1.7;
    };
    EXPECT_NEAR(patch(picture, link).middle.x, middle(250, elbow.x, tip.x), 2);
    EXPECT_NEAR(patch(picture, link).middle.y, middle(250, elbow.y, tip.y), 2);
  }
}

TEST(AcrobotPicture, HasTheLineToReachOneLinkAboveThePivot) {
  Picture picture(500, 500);
  draw(picture, "Acrobot-v1", {0, 0, 0, 0});
  for (int32_t x = 0; x < 500; ++x) EXPECT_LT(picture.pixel(x, 499 - 363).red, 128) << x;
}

}  // namespace
}  // namespace penstock::core
