#include "core/worlds/physics/simulation.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include "core/base/random.h"

namespace penstock::core {
namespace {

constexpr StepOptions usual{0.04f, 4, 0.5f};
constexpr StepOptions slippery{0.04f, 4, 0};

struct Scene {
  Simulation simulation{};
  std::vector<StaticBox> walls;
  std::vector<Force> forces;

  Body &body(size_t index) { return simulation.bodies[index]; }
  void step(int count = 1, const StepOptions &options = usual) {
    for (; count > 0; --count)
      simulate(&simulation, walls.data(), static_cast<int32_t>(walls.size()), forces.data(),
               static_cast<int32_t>(forces.size()), options);
  }
  double momentum_x() {
    double sum = 0;
    for (const Body &each : simulation.bodies)
      if (each.shape != Shape::none) sum += static_cast<double>(each.velocity.x / each.inverse_mass);
    return sum;
  }
  double energy() {
    double sum = 0;
    for (const Body &each : simulation.bodies)
      if (each.shape != Shape::none)
        sum += 0.5 * static_cast<double>(dot(each.velocity, each.velocity) / each.inverse_mass +
                                         each.angular_velocity * each.angular_velocity / each.inverse_inertia);
    return sum;
  }
};

TEST(Physics, ABodyThatNothingTouchesKeepsItsVelocity) {
  Scene scene;
  scene.body(0) = circle_body({0, 0}, 1, 1);
  scene.body(0).velocity = {2, -1};
  scene.step(25);
  EXPECT_NEAR(scene.body(0).position.x, 2, 1e-4);
  EXPECT_NEAR(scene.body(0).position.y, -1, 1e-4);
}

TEST(Physics, ACollisionKeepsMomentumAndMakesNoEnergy) {
  for (const Shape shape : {Shape::circle, Shape::box}) {
    Scene scene;
    scene.body(0) = shape == Shape::circle ? circle_body({0, 0.3f}, 1, 1) : box_body({0, 0.3f}, {1, 1}, 1);
    scene.body(1) = box_body({4, 0}, {1.5f, 1.5f}, 13);
    scene.body(0).velocity = {20, 0};
    const double momentum = scene.momentum_x(), energy = scene.energy();
    scene.step(20);
    EXPECT_NEAR(scene.momentum_x(), momentum, 1e-3 * momentum);
    EXPECT_LE(scene.energy(), energy);
    EXPECT_GT(scene.body(1).velocity.x, 1);
  }
}

TEST(Physics, AChainOfBoxesIsPushedWithoutOverlap) {
  Scene scene;
  scene.body(0) = circle_body({0, 0}, 1, 1);
  for (size_t box = 1; box < 4; ++box)
    scene.body(box) = box_body({2.5f + 3 * static_cast<float>(box - 1), 0}, {1.5f, 1.5f}, 13);
  scene.walls = {{{0, 2.05f}, {200, 0.5f}, 0}, {{0, -2.05f}, {200, 0.5f}, 1}};  // else the chain would buckle
  scene.forces = {{{1000, 0}, 0}};
  scene.step(40);
  EXPECT_GT(scene.body(3).position.x, 10);
  for (size_t box = 1; box < 3; ++box) EXPECT_GT(scene.body(box + 1).position.x - scene.body(box).position.x, 3 - 0.02);
  EXPECT_GT(scene.body(1).position.x - scene.body(0).position.x, 2.5 - 0.1);
}

TEST(Physics, AChainAgainstAWallHoldsUnderSteadyForce) {
  Scene scene;
  scene.body(0) = circle_body({0, 0}, 1, 1);
  for (size_t box = 1; box < 3; ++box)
    scene.body(box) = box_body({2.5f + 3 * static_cast<float>(box - 1), 0}, {1.5f, 1.5f}, 13);
  scene.walls = {{{7.5f, 0}, {0.5f, 5}, 0}, {{0, 2.05f}, {9, 0.5f}, 1}, {{0, -2.05f}, {9, 0.5f}, 2}};
  scene.forces = {{{1000, 0}, 0}};
  scene.step(100);
  EXPECT_NEAR(scene.body(2).position.x, 5.5, 0.03);
  EXPECT_NEAR(scene.body(1).position.x, 2.5, 0.05);
  EXPECT_NEAR(scene.body(0).position.x, 0, 0.06);
}

TEST(Physics, GroundFrictionStopsABoxWhereItShould) {
  Scene scene;
  scene.body(0) = box_body({0, 0}, {1.5f, 1.5f}, 13);
  set_ground_friction(&scene.body(0), 4.9f);
  scene.body(0).velocity = {4.9f, 0};
  scene.step(30);
  EXPECT_EQ(scene.body(0).velocity.x, 0);
  EXPECT_NEAR(scene.body(0).position.x, 2.45, 0.05);  // v^2 / 2a
}

TEST(Physics, FrictionSlowsWhatIsPressedAgainstAWallByItsShareOfTheForce) {
  Scene rough, smooth;
  for (Scene *scene : {&rough, &smooth}) {
    scene->body(0) = box_body({0, 1.5f}, {1.5f, 1.5f}, 10);
    scene->body(0).velocity = {10, 0};
    scene->walls = {{{0, -0.5f}, {100, 0.5f}, 0}};
    scene->forces = {{{0, -100}, 0}};  // 0.5 * 100 / 10 takes 5 a second
  }
  rough.step(25);
  smooth.step(25, slippery);
  EXPECT_NEAR(rough.body(0).velocity.x, 5, 0.3);
  EXPECT_NEAR(smooth.body(0).velocity.x, 10, 1e-3);
}

TEST(Physics, NothingGoesThroughAWallAtFortyUnitsASecond) {
  for (int start = 0; start < 40; ++start) {
    for (const float angle : {0.0f, 0.5f, 1.0f}) {
      Scene scene;
      scene.body(0) = circle_body({-3 - 0.05f * static_cast<float>(start), 0}, 1, 1);
      scene.body(0).velocity = 40.0f * rotation_of(angle);
      scene.body(1) = box_body({-4 - 0.05f * static_cast<float>(start), 8}, {1.5f, 1.5f}, 13);
      scene.body(1).velocity = {40, 0};
      scene.body(1).angular_velocity = 10;
      scene.walls = {{{0.5f, 0}, {0.5f, 30}, 0}};
      for (int step = 0; step < 20; ++step) {
        scene.step();
        ASSERT_LT(scene.body(0).position.x, -1 + 0.02);
        ASSERT_LT(scene.body(1).position.x, -1.5 + 0.1);
      }
    }
  }
}

TEST(Physics, AWeldHoldsAPlaceAndAnAngleWhileItIsPulledAndTurned) {
  Scene scene;
  scene.body(0) = circle_body({0, 0}, 1, 1);
  scene.body(1) = box_body({0, 2.5f}, {1.5f, 1.5f}, 13);
  scene.simulation.welds[0] = weld_at(scene.simulation.bodies, 0, 1, {0, 1});
  scene.forces = {{{-1000, -300}, 320}};
  for (int step = 0; step < 50; ++step) {
    scene.step();
    const Vector there = rotate_back(scene.body(0).rotation, scene.body(1).position - scene.body(0).position);
    ASSERT_NEAR(there.x, 0, 0.15);
    ASSERT_NEAR(there.y, 2.5, 0.15);
    ASSERT_NEAR(wrapped(scene.body(1).angle - scene.body(0).angle), 0, 0.1);
  }
  EXPECT_LT(scene.body(1).position.x, -1);
}

TEST(Physics, WhatOverlapsIsPushedApart) {
  Scene scene;
  scene.body(0) = circle_body({0, 0}, 1, 1);
  scene.body(1) = circle_body({0.5f, 0}, 1, 1);
  scene.forces = {{{0, 0}, 0}, {{0, 0}, 0}};
  scene.step(50);
  EXPECT_GT(length(scene.body(1).position - scene.body(0).position), 1.98);
  EXPECT_LT(scene.energy(), 20);
}

TEST(Physics, ACrowdPushedAtRandomStaysInsideAndGivesTheRecordedBytes) {
  Scene scene;
  for (size_t index = 0; index < 3; ++index)
    scene.body(index) = circle_body({-4 + 4 * static_cast<float>(index), -5}, 1, 1);
  for (size_t index = 3; index < 12; ++index) {
    const auto place = static_cast<int>(index) - 3;
    scene.body(index) =
        box_body({3.2f * static_cast<float>(place % 3 - 1), 3.2f * static_cast<float>(place / 3)}, {1.5f, 1.5f}, 13);
    set_ground_friction(&scene.body(index), 4.9f);
  }
  scene.walls = {{{-8.5f, 0}, {0.5f, 11}, 0},
                 {{8.5f, 0}, {0.5f, 11}, 1},
                 {{0, -8.5f}, {11, 0.5f}, 2},
                 {{0, 10.5f}, {11, 0.5f}, 3}};
  scene.forces.resize(3);
  for (uint64_t step = 0; step < 2000; ++step) {
    for (uint64_t body = 0; body < 3; ++body) {
      const float angle = 6.28f * uniform_f32({5, body}, step / 8);
      scene.forces[body] = {1000.0f * rotation_of(angle), 320 * (uniform_f32({6, body}, step) - 0.5f)};
      scene.body(body).velocity = {0, 0};
      scene.body(body).angular_velocity = 0;
    }
    scene.step();
    for (const Body &body : scene.simulation.bodies) {
      const float inner = body.shape == Shape::circle ? 1 : 1.5f;
      ASSERT_LT(std::fabs(body.position.x), 8 - inner + 0.25f) << step;
      ASSERT_LT(body.position.y, 10 - inner + 0.25f) << step;
      ASSERT_GT(body.position.y, -8 + inner - 0.25f) << step;
    }
    ASSERT_LT(scene.energy(), 20000) << step;
  }
  EXPECT_EQ(XXH3_64bits(&scene.simulation, sizeof(scene.simulation)), 15356495238492683076u);
}

}  // namespace
}  // namespace penstock::core
