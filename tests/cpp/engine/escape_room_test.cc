#include "core/worlds/games/escape_room/escape_room.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/base/random.h"
#include "core/worlds/games/escape_room/world.h"
#include "core/worlds/worlds.h"
#include "tests/cpp/engine/expect_failure.h"

namespace penstock::core {
namespace {

constexpr double pi = 3.14159265358979324, room_length = 40.0 / 3;

WorldsOptions some(int64_t worlds, uint64_t seed = 0, int32_t threads = 1) {
  WorldsOptions options;
  options.num_worlds = worlds;
  options.seeds = {seed};
  options.threads = threads;
  return options;
}

template <typename Element>
Element *at(const Worlds &worlds, const char *name, int64_t world = 0) {
  const Tensor tensor = worlds.tensor(name);
  return reinterpret_cast<Element *>(tensor.data) + world * (tensor.element_count() / worlds.num_worlds());
}

// The plain state by names: escape_room.h has its order.
struct Plain {
  std::vector<double> numbers = std::vector<double>(94);

  double *agent(int which) { return &numbers[static_cast<size_t>(8 * which)]; }
  double *room(int which) { return &numbers[static_cast<size_t>(16 + 26 * which)]; }
  double *cube(int of_room, int which) { return room(of_room) + 8 + 6 * which; }

  static Plain of(const Worlds &worlds, int64_t world = 0) {
    Plain plain;
    worlds.get_state(world, plain.numbers);
    return plain;
  }
};

// Agents in the first room; all rooms of one type, doors in the middle, the other rooms' cubes out of the way.
Plain scene(int type) {
  Plain plain;
  for (int agent = 0; agent < 2; ++agent) {
    plain.agent(agent)[0] = agent == 0 ? 5 : -5;
    plain.agent(agent)[1] = plain.agent(agent)[3] = 1.5;
  }
  for (int room = 0; room < 3; ++room) {
    plain.room(room)[0] = type;
    const double buttons[4] = {-6.5, room_length * room + 8, 6.5, room_length * room + 8};
    std::copy(buttons, buttons + (type == 0 ? 2 : 4), plain.room(room) + 4);
    for (int cube = 0; cube < (type == 2 ? 3 : type == 3 ? 2 : 0); ++cube) {
      plain.cube(room, cube)[0] = type == 2 ? 3.0 * (cube - 1) : cube == 0 ? -6.5 : 6.5;
      plain.cube(room, cube)[1] = type == 2 ? room_length * (room + 1) - 2.5 : room_length * room + 4.6;
    }
  }
  return plain;
}

void act(const Worlds &worlds, int agent, int amount, int angle, int turn = 2, int grab = 0) {
  int32_t *action = at<int32_t>(worlds, "action") + 4 * agent;
  action[0] = amount;
  action[1] = angle;
  action[2] = turn;
  action[3] = grab;
}

void stand_still(const Worlds &worlds, int64_t world = 0) {
  for (int agent = 0; agent < 2; ++agent)
    for (int part = 0; part < 4; ++part) at<int32_t>(worlds, "action", world)[4 * agent + part] = part == 2 ? 2 : 0;
}

// One step of the way to a place, as the force that points there best.
void walk(const Worlds &worlds, int agent, double x, double y, int fastest = 3) {
  const Plain plain = Plain::of(worlds);
  const double *own = plain.numbers.data() + 8 * agent;
  const double across = x - own[0], ahead = y - own[1], distance = std::hypot(across, ahead);
  const double clockwise = std::atan2(across, ahead) + own[2];
  const int amount = std::min(fastest, static_cast<int>(std::lround(3 * distance)));
  act(worlds, agent, amount, (static_cast<int>(std::lround(clockwise / (pi / 4))) + 16) % 8);
}

bool door_is_open(const Worlds &worlds, int agent) { return at<float>(worlds, "door")[3 * agent + 2] == 1; }

TEST(EscapeRoom, ARoomWithOneButtonIsOpenedByOneAgentAndStaysOpen) {
  Worlds worlds("EscapeRoom", some(1));
  worlds.set_state(0, scene(0).numbers);
  stand_still(worlds);
  for (int step = 0; step < 30 && !door_is_open(worlds, 0); ++step) {
    walk(worlds, 1, -6.5, 8);
    worlds.step();
  }
  ASSERT_TRUE(door_is_open(worlds, 0));
  for (int step = 0; step < 60; ++step) {
    walk(worlds, 1, Plain::of(worlds).agent(1)[1] < 11 ? 0 : 0.2, Plain::of(worlds).agent(1)[0] < -1 ? 9 : 16);
    worlds.step();
  }
  EXPECT_TRUE(door_is_open(worlds, 0));
  EXPECT_GT(Plain::of(worlds).agent(1)[1], room_length + 1);
}

TEST(EscapeRoom, ARoomWithTwoButtonsOpensOnlyOnceBothArePressed) {
  Worlds worlds("EscapeRoom", some(1));
  Plain plain = scene(1);
  plain.agent(0)[0] = 6.5;
  plain.agent(0)[1] = 8;
  worlds.set_state(0, plain.numbers);
  stand_still(worlds);
  worlds.step();
  EXPECT_FALSE(door_is_open(worlds, 0));
  for (int step = 0; step < 30 && !door_is_open(worlds, 0); ++step) {
    walk(worlds, 1, -6.5, 8);
    worlds.step();
  }
  ASSERT_TRUE(door_is_open(worlds, 0));
  for (int step = 0; step < 60; ++step) {
    const double x = Plain::of(worlds).agent(0)[0];
    walk(worlds, 0, 0, x > 1 ? 9 : 16);
    worlds.step();
  }
  EXPECT_TRUE(door_is_open(worlds, 1));
  EXPECT_GT(Plain::of(worlds).agent(0)[1], room_length + 1);
}

TEST(EscapeRoom, ACubeBeforeTheDoorIsPushedThroughIt) {
  Worlds worlds("EscapeRoom", some(1));
  Plain plain = scene(2);
  for (int agent = 0; agent < 2; ++agent) {
    plain.agent(agent)[0] = agent == 0 ? 6.5 : -6.5;
    plain.agent(agent)[1] = 8;
  }
  worlds.set_state(0, plain.numbers);
  stand_still(worlds);
  worlds.step();
  ASSERT_TRUE(door_is_open(worlds, 0));
  for (int step = 0; step < 120; ++step) {
    const double x = Plain::of(worlds).agent(0)[0];
    walk(worlds, 0, 0, x > 0.3 && Plain::of(worlds).agent(0)[1] < 8.5 ? 8 : 18);
    worlds.step();
  }
  EXPECT_GT(Plain::of(worlds).agent(0)[1], room_length + 1);
}

TEST(EscapeRoom, CubesThatAreShovedOntoButtonsHoldTheDoorOpen) {
  Worlds worlds("EscapeRoom", some(1));
  Plain plain = scene(3);
  for (int agent = 0; agent < 2; ++agent) plain.agent(agent)[0] = agent == 0 ? 6.5 : -6.5;
  worlds.set_state(0, plain.numbers);
  stand_still(worlds);
  for (int step = 0; step < 60 && !door_is_open(worlds, 0); ++step) {
    for (int agent = 0; agent < 2; ++agent)
      act(worlds, agent, Plain::of(worlds).cube(0, agent == 0 ? 1 : 0)[1] < 6.6 ? 1 : 0, 0);
    worlds.step();
  }
  ASSERT_TRUE(door_is_open(worlds, 0));
  stand_still(worlds);
  for (int step = 0; step < 60; ++step) {
    const double x = Plain::of(worlds).agent(0)[0];
    walk(worlds, 0, 0, x > 1 ? 2 : 16);
    worlds.step();
  }
  EXPECT_GT(Plain::of(worlds).agent(0)[1], room_length + 1);
}

TEST(EscapeRoom, ADoorThatMustBeHeldOpenClosesWhenAButtonIsFreeButNotOnAnAgent) {
  Worlds worlds("EscapeRoom", some(1));
  Plain plain = scene(3);
  plain.agent(1)[0] = 0;
  plain.agent(1)[1] = room_length - 0.5;  // in the doorway
  plain.room(0)[2] = 4.5;
  plain.room(0)[3] = 1;
  worlds.set_state(0, plain.numbers);
  stand_still(worlds);
  for (int step = 0; step < 10; ++step) worlds.step();
  EXPECT_FALSE(door_is_open(worlds, 0));
  EXPECT_GT(Plain::of(worlds).room(0)[2], 0);  // it waits
  for (int step = 0; step < 10; ++step) {
    walk(worlds, 1, 0, 16);
    worlds.step();
  }
  EXPECT_EQ(Plain::of(worlds).room(0)[2], 0);
}

TEST(EscapeRoom, AnAgentGrabsACubeThatIsAheadAndLetsGoAgain) {
  Worlds worlds("EscapeRoom", some(1));
  Plain plain = scene(3);
  plain.agent(0)[0] = 6.5;
  worlds.set_state(0, plain.numbers);
  stand_still(worlds);
  act(worlds, 0, 0, 0, 2, 1);
  act(worlds, 1, 0, 0, 4, 1);  // nothing is ahead of this one
  worlds.step();
  EXPECT_EQ(at<float>(worlds, "self")[7], 1);
  EXPECT_EQ(at<float>(worlds, "self")[15], 0);
  EXPECT_EQ(at<float>(worlds, "partner")[5], 1);
  const double before = Plain::of(worlds).cube(0, 1)[0];
  for (int step = 0; step < 20; ++step) {
    act(worlds, 0, 3, 6);  // to the left
    act(worlds, 1, 0, 0);
    worlds.step();
  }
  EXPECT_LT(Plain::of(worlds).cube(0, 1)[0], before - 1);
  act(worlds, 0, 0, 0, 2, 1);
  worlds.step();
  EXPECT_EQ(at<float>(worlds, "self")[7], 0);
}

TEST(EscapeRoom, RewardsAreForProgressAndMoreForProgressTogether) {
  Worlds worlds("EscapeRoom", some(1));
  Plain plain = scene(0);
  worlds.set_state(0, plain.numbers);
  stand_still(worlds);
  act(worlds, 0, 3, 0);
  worlds.step();
  const double progress = Plain::of(worlds).agent(0)[1] - 1.5;
  EXPECT_NEAR(progress, 1, 1e-3);  // a thousand units of force on one of mass, for four hundredths of a second
  EXPECT_NEAR(at<float>(worlds, "reward")[0], 1.25 * 0.05 * progress, 1e-6);
  EXPECT_FLOAT_EQ(at<float>(worlds, "reward")[1], -0.005f);
  for (int step = 0; step < 2; ++step) worlds.step();
  EXPECT_NEAR(at<float>(worlds, "reward")[0], 0.05, 1e-4);  // more than 2 apart
}

TEST(EscapeRoom, EpisodesAreTruncatedAfterTwoHundredStepsAndNeverTerminated) {
  Worlds worlds("EscapeRoom", some(1));
  stand_still(worlds);
  for (int step = 0; step < 199; ++step) worlds.step();
  EXPECT_EQ(at<int32_t>(worlds, "steps_remaining")[0], 1);
  EXPECT_FALSE(at<bool>(worlds, "truncated")[0]);
  worlds.step();
  EXPECT_TRUE(at<bool>(worlds, "truncated")[0]);
  EXPECT_FALSE(at<bool>(worlds, "terminated")[0]);
  EXPECT_EQ(at<int32_t>(worlds, "final_steps_remaining")[1], 0);
  EXPECT_EQ(at<int32_t>(worlds, "steps_remaining")[1], 200);
}

TEST(EscapeRoom, TheRoomTypesAreAboutEquallyLikely) {
  const int64_t count = 2000;
  Worlds worlds("EscapeRoom", some(count));
  int64_t seen[4] = {};
  for (int64_t world = 0; world < count; ++world)
    for (int room = 0; room < 3; ++room) ++seen[static_cast<int>(Plain::of(worlds, world).room(room)[0])];
  for (const int64_t times : seen) EXPECT_NEAR(static_cast<double>(times), 1500, 150);
}

// ---------------------------------------------------------------------------------------------------------------------
// What is seen, computed once more, in double precision and another way.

double distance_to_edges(const std::vector<std::pair<double, double>> &corners, double x, double y, double dx,
                         double dy) {
  double nearest = 1e9;
  for (size_t index = 0; index < corners.size(); ++index) {
    const auto [ax, ay] = corners[index];
    const auto [bx, by] = corners[(index + 1) % corners.size()];
    const double ex = bx - ax, ey = by - ay, determinant = dx * ey - dy * ex;
    if (std::abs(determinant) < 1e-12) continue;
    const double t = ((ax - x) * ey - (ay - y) * ex) / determinant, s = ((ax - x) * dy - (ay - y) * dx) / determinant;
    if (t >= 0 && s >= 0 && s <= 1) nearest = std::min(nearest, t);
  }
  return nearest;
}

std::vector<std::pair<double, double>> rectangle(double left, double right, double low, double high) {
  return {{left, low}, {right, low}, {right, high}, {left, high}};
}

struct Hit {
  double distance = 1e9;
  int type = 0;
  void with(double other, int other_type) {
    if (other < distance) *this = {other, other_type};
  }
};

Hit look(Plain &plain, int agent, double angle) {
  const double x = plain.agent(agent)[0], y = plain.agent(agent)[1];
  const double dx = -std::sin(angle), dy = std::cos(angle);
  Hit hit;
  hit.with(distance_to_edges(rectangle(-11, 11, -1, 0), x, y, dx, dy), 3);
  hit.with(distance_to_edges(rectangle(-11, -10, 0, 40), x, y, dx, dy), 3);
  hit.with(distance_to_edges(rectangle(10, 11, 0, 40), x, y, dx, dy), 3);
  for (int room = 0; room < 3; ++room) {
    const double top = room_length * (room + 1), door = plain.room(room)[1];
    hit.with(distance_to_edges(rectangle(-10, door - 10 / 3.0, top - 1, top), x, y, dx, dy), 3);
    hit.with(distance_to_edges(rectangle(door + 10 / 3.0, 10, top - 1, top), x, y, dx, dy), 3);
    if (plain.room(room)[2] == 0)
      hit.with(distance_to_edges(rectangle(door - 10 / 3.0, door + 10 / 3.0, top - 1, top), x, y, dx, dy), 5);
    const int type = static_cast<int>(plain.room(room)[0]);
    for (int cube = 0; cube < (type == 2 ? 3 : type == 3 ? 2 : 0); ++cube) {
      const double *pose = plain.cube(room, cube), c = std::cos(pose[2]), s = std::sin(pose[2]);
      std::vector<std::pair<double, double>> corners;
      for (const auto &[u, v] : rectangle(-1.5, 1.5, -1.5, 1.5))
        corners.emplace_back(pose[0] + c * u - s * v, pose[1] + s * u + c * v);
      hit.with(distance_to_edges(corners, x, y, dx, dy), 2);
    }
  }
  const double px = plain.agent(1 - agent)[0] - x, py = plain.agent(1 - agent)[1] - y;
  const double along = px * dx + py * dy, rest = 1 - (px * px + py * py - along * along);
  if (rest >= 0 && along - std::sqrt(rest) >= 0) hit.with(along - std::sqrt(rest), 4);
  if (hit.distance > 200) return {0, 0};
  return hit;
}

void expect_bearing(const float *row, const double *own, double x, double y) {
  const double across = x - own[0], ahead = y - own[1];
  EXPECT_NEAR(row[0], std::hypot(across, ahead) / 40, 1e-5);
  const double angle = std::remainder(std::atan2(across, ahead) + own[2], 2 * pi) / pi;
  EXPECT_NEAR(std::remainder(row[1] - angle, 2), 0, 1e-4) << x << ' ' << y;
}

void expect_things(const Worlds &worlds, int64_t world, int agent) {
  Plain plain = Plain::of(worlds, world);
  const double *own = plain.agent(agent), *other = plain.agent(1 - agent);
  const int index = std::clamp(static_cast<int>(std::floor(own[1] / room_length)), 0, 2);
  const double *room = plain.room(index);
  const float *self = at<float>(worlds, "self", world) + 8 * agent;
  const double expected[8] = {own[0] / 10, (own[1] - index * room_length) / room_length,
                              own[0] / 40, own[1] / 40,
                              0,           own[3] / 40,
                              own[2] / pi, own[4] != 0 ? 1.0 : 0.0};
  for (int part = 0; part < 8; ++part) EXPECT_NEAR(self[part], expected[part], 1e-5) << part;
  const float *partner = at<float>(worlds, "partner", world) + 3 * agent;
  expect_bearing(partner, own, other[0], other[1]);
  EXPECT_EQ(partner[2], other[4] != 0 ? 1 : 0);
  const float *door = at<float>(worlds, "door", world) + 3 * agent;
  expect_bearing(door, own, room[1], room_length * (index + 1) - 0.5);
  EXPECT_EQ(door[2], room[3]);
  const int type = static_cast<int>(room[0]), buttons = type == 0 ? 1 : 2, cubes = type == 2 ? 3 : type == 3 ? 2 : 0;
  const float *entities = at<float>(worlds, "entities", world) + 18 * agent;
  for (int entity = 0; entity < 6; ++entity, entities += 3) {
    if (entity < buttons + cubes) {
      const double *place = entity < buttons ? room + 4 + 2 * entity : plain.cube(index, entity - buttons);
      expect_bearing(entities, own, place[0], place[1]);
    } else {
      EXPECT_EQ(entities[0], 0);
      EXPECT_EQ(entities[1], 1);
    }
    EXPECT_FLOAT_EQ(entities[2], entity < buttons ? 1 / 6.0f : entity < buttons + cubes ? 2 / 6.0f : 0);
  }
}

// Rays that pass a corner within rounding may tell otherwise: their neighbours on both sides say so.
int64_t count_wrong_rays(const Worlds &worlds, int64_t world, int agent) {
  Plain plain = Plain::of(worlds, world);
  const float *lidar = at<float>(worlds, "lidar", world) + 60 * agent;
  int64_t wrong = 0;
  for (int ray = 0; ray < 30; ++ray) {
    bool agrees = false;
    for (const double nudge : {0.0, -1e-5, 1e-5}) {
      const Hit hit = look(plain, agent, plain.agent(agent)[2] + 2 * pi * ray / 30 + nudge);
      agrees |=
          std::abs(hit.distance - 40 * static_cast<double>(lidar[2 * ray])) < 1e-3 * std::max(1.0, hit.distance) &&
          std::lround(6 * lidar[2 * ray + 1]) == hit.type;
    }
    wrong += agrees ? 0 : 1;
  }
  return wrong;
}

void act_at_random(const Worlds &worlds, uint64_t seed, uint64_t step) {
  constexpr uint64_t counts[4] = {4, 8, 5, 2};
  int32_t *actions = at<int32_t>(worlds, "action");
  for (int64_t index = 0; index < 8 * worlds.num_worlds(); ++index) {
    const auto which = static_cast<uint64_t>(index);
    // Mostly ahead, so that agents come somewhere.
    const bool is_ahead = index % 4 == 1 && random_u32({seed, which}, 4 * step + 1) % 2 == 0;
    actions[index] = is_ahead ? 0 : static_cast<int32_t>(random_u32({seed, which}, 4 * step) % counts[index % 4]);
  }
}

TEST(EscapeRoom, EachObservationIsWhatAnIndependentComputationGives) {
  const int64_t count = 60;
  Worlds worlds("EscapeRoom", some(count, 100));
  int64_t wrong = 0, rays = 0;
  for (uint64_t step = 0; step < 220; ++step) {
    if (step % 20 == 0)
      for (int64_t world = 0; world < count; ++world) {
        for (int agent = 0; agent < 2; ++agent) {
          expect_things(worlds, world, agent);
          wrong += count_wrong_rays(worlds, world, agent);
          rays += 30;
        }
        if (HasFailure()) return;
      }
    if (step == 60)  // doors open: more is to be seen
      for (int64_t world = 0; world < count; ++world) {
        Plain plain = Plain::of(worlds, world);
        for (int room = 0; room < 3; ++room) {
          plain.room(room)[2] = (world >> room) % 2 == 0 ? 4.5 : 0;
          plain.room(room)[3] = (world >> room) % 2 == 0 ? 1 : 0;
          if (world % 4 == 0) plain.agent(1)[1] = 45;  // outside
        }
        worlds.set_state(world, plain.numbers);
      }
    act_at_random(worlds, 3, step);
    worlds.step();
  }
  EXPECT_EQ(wrong, 0) << "of " << rays;
}

// ---------------------------------------------------------------------------------------------------------------------
// What must always hold.

// How deep a circle is in a box.
double depth_in(double x, double y, double radius, double left, double right, double low, double high) {
  const double dx = x - std::clamp(x, left, right), dy = y - std::clamp(y, low, high);
  if (dx != 0 || dy != 0) return radius - std::hypot(dx, dy);
  return radius + std::min({x - left, right - x, y - low, high - y});
}

double deepest_in_walls(Plain &plain, int agent) {
  const double x = plain.agent(agent)[0], y = plain.agent(agent)[1];
  double deepest = std::max(
      {depth_in(x, y, 1, -11, 11, -1, 0), depth_in(x, y, 1, -11, -10, 0, 40), depth_in(x, y, 1, 10, 11, 0, 40)});
  for (int room = 0; room < 3; ++room) {
    const double top = room_length * (room + 1), door = plain.room(room)[1];
    deepest = std::max({deepest, depth_in(x, y, 1, -10, door - 10 / 3.0, top - 1, top),
                        depth_in(x, y, 1, door + 10 / 3.0, 10, top - 1, top)});
    if (plain.room(room)[2] == 0)
      deepest = std::max(deepest, depth_in(x, y, 1, door - 10 / 3.0, door + 10 / 3.0, top - 1, top));
  }
  return deepest;
}

// How deep an agent is in the other one, or in a cube that it does not hold.
double deepest_in_bodies(Plain &plain, int agent) {
  const double *own = plain.agent(agent), *other = plain.agent(1 - agent);
  double deepest = 2 - std::hypot(other[0] - own[0], other[1] - own[1]);
  for (int room = 0; room < 3; ++room) {
    const int type = static_cast<int>(plain.room(room)[0]);
    for (int cube = 0; cube < (type == 2 ? 3 : type == 3 ? 2 : 0); ++cube) {
      if (own[4] == 1 + 3 * room + cube) continue;
      const double *pose = plain.cube(room, cube), c = std::cos(pose[2]), s = std::sin(pose[2]);
      const double x = own[0] - pose[0], y = own[1] - pose[1];
      deepest = std::max(deepest, depth_in(c * x + s * y, c * y - s * x, 1, -1.5, 1.5, -1.5, 1.5));
    }
  }
  return deepest;
}

TEST(EscapeRoom, RandomAgentsNeverLeaveTheRules) {
  const char *full = std::getenv("PENSTOCK_FULL");
  const int64_t count = 100, steps = full != nullptr ? 50'000 : 2'000;
  Worlds worlds("EscapeRoom", some(count, 1000));
  std::vector<std::pair<Tensor, Field>> shown;
  for (int64_t index = 0; index < worlds.tensor_count(); ++index)
    if (worlds.tensor_field(index).dtype == DType::float32 && worlds.tensor_field(index).role == FieldRole::observation)
      shown.emplace_back(worlds.tensor(worlds.tensor_field(index).name), worlds.tensor_field(index));
  std::vector<double> farthest(200);
  double deepest = 0, deepest_in_others = 0;
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t world = 0; world < count; ++world)
      for (int agent = 0; agent < 2; ++agent)
        farthest[static_cast<size_t>(2 * world + agent)] = Plain::of(worlds, world).agent(agent)[3];
    act_at_random(worlds, 17, static_cast<uint64_t>(step));
    worlds.step();
    for (int64_t world = 0; world < count; ++world) {
      if (at<bool>(worlds, "truncated", world)[0]) continue;  // these are at a new start
      Plain plain = Plain::of(worlds, world);
      const bool together = std::abs(plain.agent(0)[3] - plain.agent(1)[3]) <= 2;
      for (int agent = 0; agent < 2; ++agent) {
        const double deep = deepest_in_walls(plain, agent);
        deepest = std::max(deepest, deep);
        ASSERT_LT(deep, 0.9) << "world " << world << " step " << step;
        deepest_in_others = std::max(deepest_in_others, deepest_in_bodies(plain, agent));
        const double progress =
            std::min(plain.agent(agent)[1], 80.0) - farthest[static_cast<size_t>(2 * world + agent)];
        const double reward = progress > 0 ? 0.05 * progress * (together ? 1.25 : 1) : -0.005;
        ASSERT_NEAR(at<float>(worlds, "reward", world)[agent], reward, 1e-5) << "world " << world << " step " << step;
      }
    }
    for (const auto &[tensor, field] : shown) {
      const auto *values = reinterpret_cast<const float *>(tensor.data);
      const auto elements = static_cast<int64_t>(field.low.size());
      for (int64_t index = 0; index < tensor.element_count(); ++index) {
        const auto bound = static_cast<size_t>(index % elements);
        ASSERT_TRUE(static_cast<double>(values[index]) >= field.low[bound] &&
                    static_cast<double>(values[index]) <= field.high[bound])
            << field.name << ' ' << index % elements << " is " << values[index];
      }
    }
  }
  EXPECT_EQ(worlds.fault_count(), 0);
  EXPECT_LT(deepest, 0.3);
  EXPECT_LT(deepest_in_others, 0.5);
  RecordProperty("agent_steps", std::to_string(2 * count * steps));
  RecordProperty("deepest_in_walls", std::to_string(deepest));
  RecordProperty("deepest_in_bodies", std::to_string(deepest_in_others));
}

// ---------------------------------------------------------------------------------------------------------------------
// The same bytes.

void run(Worlds &worlds, uint64_t from, uint64_t to) {
  for (uint64_t step = from; step < to; ++step) {
    act_at_random(worlds, 5, step);
    worlds.step();
  }
}

TEST(EscapeRoom, NeitherThreadsNorKernelsNorTheNumberOfWorldsChangeAByte) {
  WorldsOptions ray_by_ray = some(40);
  ray_by_ray.game.kernel = WorldsKernel::scalar;
  Worlds alone("EscapeRoom", some(40)), threads("EscapeRoom", some(40, 0, 3)), many("EscapeRoom", some(90));
  Worlds scalar("EscapeRoom", ray_by_ray);
  for (Worlds *worlds : {&alone, &threads, &many, &scalar}) run(*worlds, 0, 250);
  EXPECT_EQ(alone.hashes(), threads.hashes());
  EXPECT_EQ(alone.hashes(), scalar.hashes());
  std::vector<uint64_t> first = many.hashes();
  first.resize(40);
  EXPECT_EQ(alone.hashes(), first);
}

TEST(EscapeRoom, AWorldGoesOnFromASnapshotAsItWould) {
  Worlds worlds("EscapeRoom", some(20)), others("EscapeRoom", some(20, 77));
  run(worlds, 0, 130);
  const std::vector<std::byte> kept = worlds.snapshot();
  run(worlds, 130, 300);
  others.restore(kept, {}, {});
  run(others, 130, 300);
  EXPECT_EQ(worlds.hashes(), others.hashes());
}

TEST(EscapeRoom, ResettingWithASeedForgetsAllThatWas) {
  Worlds worlds("EscapeRoom", some(20)), fresh("EscapeRoom", some(20));
  run(worlds, 0, 130);
  const std::vector<uint64_t> seeds = {0};
  worlds.reset({}, seeds);
  EXPECT_EQ(worlds.hashes(), fresh.hashes());
}

TEST(EscapeRoom, HashesAreThoseRecorded) {
  Worlds worlds("EscapeRoom", some(32, 2026));
  std::ostringstream given;
  for (uint64_t step = 0; step < 400; step += 50) {
    run(worlds, step, step + 50);
    uint64_t mixed = 0;
    for (const uint64_t hash : worlds.hashes()) mixed = mixed * 0x9E3779B97F4A7C15 + hash;
    given << step + 50 << ' ' << std::hex << mixed << std::dec << '\n';
  }
  std::ifstream file(TEST_DATA_DIR "/worlds/escape_room_hashes.txt");
  std::ostringstream recorded;
  recorded << file.rdbuf();
  EXPECT_EQ(given.str(), recorded.str());
}

TEST(EscapeRoom, AWorldWhosePlacesAreNotNumbersIsTakenOutAlone) {
  Worlds worlds("EscapeRoom", some(3)), others("EscapeRoom", some(3));
  Plain plain = Plain::of(worlds, 1);
  plain.agent(0)[0] = NAN;
  worlds.set_state(1, plain.numbers);
  run(worlds, 0, 1);
  run(others, 0, 1);
  EXPECT_EQ(worlds.fault_count(), 1);
  EXPECT_TRUE(at<bool>(worlds, "terminated")[1]);
  EXPECT_EQ(worlds.hashes()[2], others.hashes()[2]);
}

TEST(EscapeRoom, AWorldTakesAtMostEightKibibytesBesideWhatIsSeen) { EXPECT_LE(sizeof(escape_room::World), 8192u); }

TEST(EscapeRoom, GymnasiumsNumbersAndDoublePrecisionAreRefused) {
  WorldsOptions options = some(1);
  options.game.randomness = Randomness::gymnasium;
  expect_failure(Status::invalid_argument, ::testing::HasSubstr("rng is counter"),
                 [&] { Worlds worlds("EscapeRoom", options); });
  options = some(1);
  options.game.precision = Precision::float64;
  expect_failure(Status::invalid_argument, ::testing::HasSubstr("precision is f32"),
                 [&] { Worlds worlds("EscapeRoom", options); });
}

TEST(EscapeRoom, AStateThatCannotBeIsRefusedAndChangesNothing) {
  Worlds worlds("EscapeRoom", some(1));
  const std::vector<uint64_t> before = worlds.hashes();
  Plain plain = Plain::of(worlds);
  plain.room(1)[0] = 4;
  expect_failure(Status::out_of_range, ::testing::HasSubstr("type of room is 4"),
                 [&] { worlds.set_state(0, plain.numbers); });
  EXPECT_EQ(worlds.hashes(), before);
}

}  // namespace
}  // namespace penstock::core
