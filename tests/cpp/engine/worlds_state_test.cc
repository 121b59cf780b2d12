// What may be asked of and set in worlds: options, tensors, plain state, parameters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

WorldsOptions of(int64_t num_worlds) {
  WorldsOptions options;
  options.num_worlds = num_worlds;
  return options;
}

TEST(WorldsOptions, ThatCannotBeAreRefusedWithTheValueAndTheLimits) {
  const auto refused = [](Status status, const char *value, const char *expected, auto change) {
    WorldsOptions options = of(3);
    change(options);
    expect_failure(status, AllOf(HasSubstr(value), HasSubstr(expected)), [&] { Worlds(cart_pole, options); });
  };
  refused(Status::out_of_range, "num_worlds is 0", "2147483648", [](WorldsOptions &o) { o.num_worlds = 0; });
  refused(Status::out_of_range, "num_worlds is 2147483649", "1 to",
          [](WorldsOptions &o) { o.num_worlds = Worlds::most_worlds + 1; });
  refused(Status::out_of_range, "buffers is 3", "1 or 2", [](WorldsOptions &o) { o.buffers = 3; });
  refused(Status::out_of_range, "threads is -1", "0 to 1024", [](WorldsOptions &o) { o.threads = -1; });
  refused(Status::out_of_range, "episode_length is -1", "0 to", [](WorldsOptions &o) { o.episode_length = -1; });
  refused(Status::out_of_range, "episode_length is 2147483648", "0 to",
          [](WorldsOptions &o) { o.episode_length = INT64_C(1) << 31; });
  refused(Status::invalid_argument, "2 seeds", "1 or 3", [](WorldsOptions &o) { o.seeds = {1, 2}; });
  refused(Status::not_found, "speed", "reset_low, reset_high", [](WorldsOptions &o) { o.parameters = {{"speed", 1}}; });
  refused(Status::out_of_range, "sutton_barto_reward is 2", "0 to 1", [](WorldsOptions &o) {
    o.parameters = {{"sutton_barto_reward", 2}};
  });
  expect_failure(Status::not_found, AllOf(HasSubstr("Chess"), HasSubstr("CartPole-v1"), HasSubstr("Acrobot-v1")),
                 [] { Worlds("Chess", of(1)); });
}

TEST(WorldsOptions, GiveEachWorldItsSeed) {
  WorldsOptions options = of(3);
  options.seeds = {UINT64_MAX - 1};
  const Worlds counted(cart_pole, options);
  options.seeds = {9, 9, 4};
  const Worlds listed(cart_pole, options);
  EXPECT_EQ(counted.seed_of(1), UINT64_MAX);
  EXPECT_EQ(counted.seed_of(2), 0u);
  EXPECT_EQ(listed.seed_of(2), 4u);
  EXPECT_EQ(listed.hashes()[0], listed.hashes()[1]);
  EXPECT_NE(listed.hashes()[0], listed.hashes()[2]);
}

TEST(WorldsOptions, SetTheLengthOfEpisodesOrLeaveTheGamesOwn) {
  EXPECT_EQ(Worlds(cart_pole, of(1)).episode_length(), 500);
  EXPECT_EQ(Worlds(mountain_car, of(1)).episode_length(), 200);
  EXPECT_EQ(Worlds(mountain_car_continuous, of(1)).episode_length(), 999);
  EXPECT_EQ(Worlds(pendulum, of(1)).episode_length(), 200);
  EXPECT_EQ(Worlds(acrobot, of(1)).episode_length(), 500);
  for (const int64_t length : {1, 2, 31}) {
    WorldsOptions options = of(2);
    options.episode_length = length;
    Worlds worlds(pendulum, options);
    for (int64_t step = 1; step <= 2 * length; ++step) {
      worlds.step();
      const bool is_end = step % length == 0;
      EXPECT_THAT(values_of<uint8_t>(worlds, "truncated"), ElementsAre(is_end, is_end)) << step;
      EXPECT_THAT(values_of<int32_t>(worlds, "steps"), ElementsAre(step % length, step % length)) << step;
    }
  }
}

TEST(WorldsTensors, AreNamedTypedAndBounded) {
  WorldsOptions options = of(7);
  options.game.precision = Precision::float64;
  const Worlds worlds(mountain_car_continuous, options);
  std::vector<std::string> names;
  for (int64_t index = 0; index < worlds.tensor_count(); ++index) names.push_back(worlds.tensor_field(index).name);
  EXPECT_THAT(names, ElementsAre("action", "observation", "reward", "terminated", "state", "truncated", "steps",
                                 "final_observation"));
  EXPECT_EQ(worlds.tensor("action").shape, (Extents{7, 1}));
  EXPECT_EQ(worlds.tensor("observation").dtype, DType::float32);
  EXPECT_EQ(worlds.tensor("state").dtype, DType::float64);
  EXPECT_EQ(worlds.tensor("state").shape, (Extents{7, 2}));
  EXPECT_EQ(worlds.tensor("steps").dtype, DType::int32);
  EXPECT_THAT(worlds.find_field("action").low, ElementsAre(-1));
  EXPECT_THAT(worlds.find_field("observation").high, ElementsAre(0.6, 0.07));
  expect_failure(Status::not_found, AllOf(HasSubstr("rewards"), HasSubstr("final_observation")),
                 [&] { worlds.tensor("rewards"); });
}

TEST(WorldsTensors, ShowTheSameMemoryAfterEachStep) {
  Worlds worlds(acrobot, of(3));
  const Tensor observation = worlds.tensor("observation"), action = worlds.tensor("action");
  step_randomly(worlds, 0, 10);
  EXPECT_EQ(worlds.tensor("observation").data, observation.data);
  EXPECT_EQ(worlds.tensor("action").data, action.data);
}

TEST(WorldsTensors, WithTwoBuffersLeaveWhatTheLastStepShowed) {
  WorldsOptions options = of(3);
  options.buffers = 2;
  Worlds worlds(acrobot, options);
  for (const char *name : {"observation", "reward", "terminated", "truncated", "final_observation"}) {
    worlds.step();
    const Tensor last = worlds.tensor(name);
    const std::vector<std::byte> kept(last.data, last.data + last.nbytes());
    worlds.step();
    EXPECT_NE(worlds.tensor(name).data, last.data) << name;
    EXPECT_TRUE(std::equal(kept.begin(), kept.end(), last.data)) << name;
    worlds.step();
    EXPECT_EQ(worlds.tensor(name).data, last.data) << name;
  }
}

TEST(WorldsTensors, OutliveTheWorlds) {
  auto worlds = std::make_optional<Worlds>(cart_pole, of(100));
  const Tensor observation = worlds->tensor("observation"), state = worlds->tensor("state");
  const auto *numbers = reinterpret_cast<const float *>(observation.data);
  const std::vector<float> kept(numbers, numbers + 400);
  worlds.reset();
  EXPECT_TRUE(std::equal(kept.begin(), kept.end(), numbers));
  EXPECT_EQ(reinterpret_cast<const float *>(state.data)[0], kept[0]);
}

TEST(WorldsState, ThatWasSetIsTheOneGotAndShown) {
  for (const char *game : all_games)
    for (const Precision precision : both_precisions) {
      WorldsOptions options = lively_options(game, 3);
      options.game.precision = precision;
      options.autoreset = Autoreset::disabled;
      Worlds worlds(game, options);
      step_randomly(worlds, 0, 23);  // all have ended, in one way or the other
      std::vector<double> state;
      for (int64_t index = 0; index < worlds.game().state_count(); ++index) state.push_back(0.25 / (1 << index));
      const std::vector<uint64_t> before = worlds.hashes();
      worlds.set_state(1, state);
      EXPECT_EQ(state_of(worlds, 1), state) << game;
      EXPECT_EQ(values_of<uint8_t>(worlds, "terminated")[1] + values_of<uint8_t>(worlds, "truncated")[1], 0) << game;
      EXPECT_EQ(worlds.hashes()[0], before[0]);
      EXPECT_EQ(worlds.hashes()[2], before[2]);
      EXPECT_NE(worlds.hashes()[1], before[1]);
    }
  Worlds cart(cart_pole, of(2));
  cart.set_state(1, std::vector<double>{1, -2, 0.125, 4});
  const std::vector<float> observation = values_of<float>(cart, "observation");
  EXPECT_THAT(std::vector<float>(observation.begin() + 4, observation.end()), ElementsAre(1, -2, 0.125f, 4));
}

TEST(WorldsState, OfAnotherWorldIsRefused) {
  Worlds worlds(cart_pole, of(2));
  std::vector<double> state(4);
  for (const int64_t world : {int64_t{-1}, int64_t{2}, INT64_MAX, INT64_MIN}) {
    expect_failure(Status::out_of_range, HasSubstr(std::to_string(world)), [&] { worlds.get_state(world, state); });
    expect_failure(Status::out_of_range, HasSubstr("0 to 1"), [&] { worlds.set_state(world, state); });
  }
}

// Far beyond what an episode reaches, and still the same for all; under the sanitizers, without a fault.
TEST(WorldsState, OfAnySizeStepsTheSameWithEachKernel) {
  for (const char *game : all_games)
    for (const Precision precision : both_precisions) {
      std::optional<std::vector<std::vector<uint64_t>>> expected;
      for (const WorldsKernel kernel : kernels_here()) {
        WorldsOptions options = lively_options(game, 35);
        options.game.precision = precision;
        options.game.kernel = kernel;
        options.autoreset = Autoreset::disabled;
        Worlds worlds(game, options);
        for (int64_t world = 0; world < 35; ++world) {
          const double size = std::ldexp(world % 2 == 0 ? 1 : -1, static_cast<int32_t>(4 * world) - 10);  // up to 2^126
          std::vector<double> state(static_cast<size_t>(worlds.game().state_count()), 0.1);
          state[static_cast<size_t>(world) % state.size()] = size;
          worlds.set_state(world, state);
        }
        const auto hashes = hashes_along(worlds, 0, 20);
        if (!expected) expected = hashes;
        EXPECT_EQ(hashes, *expected) << game << ", kernel " << static_cast<int32_t>(kernel);
      }
    }
}

TEST(WorldsParameters, HaveGymnasiumsValuesAndTakeOthers) {
  Worlds worlds(pendulum, of(2));
  EXPECT_EQ(worlds.parameter("g"), 10);
  worlds.set_parameter("g", 9.81);
  EXPECT_EQ(worlds.parameter("g"), 9.81);
}

TEST(WorldsParameters, ActFromTheNextStepOn) {
  Worlds light(pendulum, of(1)), heavy(pendulum, of(1));
  light.set_parameter("g", 0);
  for (Worlds *worlds : {&light, &heavy}) {
    worlds->set_state(0, std::vector<double>{1, 0});
    write_actions<float>(*worlds, {0});
    worlds->step();
  }
  EXPECT_EQ(state_of(light, 0)[1], 0);
  EXPECT_NEAR(state_of(heavy, 0)[1], 3 * 10 / 2.0 * std::sin(1.0) * 0.05, 1e-6);
}

TEST(WorldsParameters, ActFromTheNextResetOn) {
  Worlds worlds(cart_pole, of(50));
  const std::vector<uint64_t> before = worlds.hashes();
  worlds.set_parameter("reset_low", 2);
  worlds.set_parameter("reset_high", 2.25);
  EXPECT_EQ(worlds.hashes(), before);
  worlds.reset({});
  for (int64_t world = 0; world < 50; ++world)
    for (const double number : state_of(worlds, world)) {
      EXPECT_GE(number, 2);
      EXPECT_LT(number, 2.25);
    }
}

TEST(WorldsParameters, OfCartPoleGiveSuttonAndBartosReward) {
  WorldsOptions options = of(2);
  options.parameters = {{"sutton_barto_reward", 1}};
  Worlds worlds(cart_pole, options);
  worlds.set_state(1, std::vector<double>{2.39, 5, 0, 0});
  worlds.step();
  EXPECT_THAT(values_of<float>(worlds, "reward"), ElementsAre(0, -1));
  EXPECT_THAT(values_of<uint8_t>(worlds, "terminated"), ElementsAre(0, 1));
}

TEST(WorldsParameters, OfMountainCarAskForASpeedAtTheGoal) {
  for (const char *game : {mountain_car, mountain_car_continuous}) {
    WorldsOptions options = of(1);
    options.parameters = {{"goal_velocity", 0.05}};
    Worlds worlds(game, options);
    worlds.set_state(0, std::vector<double>{0.5, 0.04});
    worlds.step();
    EXPECT_THAT(values_of<uint8_t>(worlds, "terminated"), ElementsAre(0)) << game;
    worlds.set_state(0, std::vector<double>{0.5, 0.06});
    worlds.step();
    EXPECT_THAT(values_of<uint8_t>(worlds, "terminated"), ElementsAre(1)) << game;
  }
}

TEST(WorldsParameters, OutsideTheirLimitsAreRefusedAndChangeNothing) {
  Worlds worlds(pendulum, of(1));
  for (const double value : {1e7, -1e7, HUGE_VAL, std::numeric_limits<double>::quiet_NaN()})
    expect_failure(Status::out_of_range, AllOf(HasSubstr("g is"), HasSubstr("-1e+06 to 1e+06")),
                   [&] { worlds.set_parameter("g", value); });
  expect_failure(Status::not_found, AllOf(HasSubstr("mass"), HasSubstr("x_init")), [&] { worlds.parameter("mass"); });
  EXPECT_EQ(worlds.parameter("g"), 10);
}

}  // namespace
}  // namespace penstock::core
