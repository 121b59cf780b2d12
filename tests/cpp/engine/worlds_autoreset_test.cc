// What becomes of a world whose episode has ended, step by step, in each of the three modes; and reset().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Floats = std::vector<float>;

// One world as its tensors show it.
struct Seen {
  Floats observation;
  float reward = 0;
  bool terminated = false, truncated = false;
  int32_t steps = 0;

  friend bool operator==(const Seen &, const Seen &) = default;
  friend void PrintTo(const Seen &seen, std::ostream *out) {
    *out << "observation " << ::testing::PrintToString(seen.observation) << ", reward " << seen.reward
         << ", terminated " << seen.terminated << ", truncated " << seen.truncated << ", steps " << seen.steps;
  }
};

Seen see(const Worlds &worlds) {
  EXPECT_EQ(worlds.num_worlds(), 1);
  return {values_of<float>(worlds, "observation"), values_of<float>(worlds, "reward")[0],
          values_of<uint8_t>(worlds, "terminated")[0] != 0, values_of<uint8_t>(worlds, "truncated")[0] != 0,
          values_of<int32_t>(worlds, "steps")[0]};
}

// What an episode shows, by hand: its start, then each step, the last one with its flags.
std::vector<Seen> episode(const char *game, WorldsOptions options, int64_t number, int64_t first_action) {
  options.autoreset = Autoreset::disabled;
  options.buffers = 1;
  Worlds worlds(game, options);
  for (int64_t skipped = 0; skipped < number; ++skipped) worlds.reset({});
  std::vector<Seen> seen = {see(worlds)};
  for (int64_t action = first_action; !seen.back().terminated && !seen.back().truncated; ++action) {
    step_randomly(worlds, action, 1);
    seen.push_back(see(worlds));
  }
  return seen;
}

struct Case {
  const char *game;
  int64_t episode_length;
  int32_t buffers;
};

class WorldsAutoreset : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr int64_t episodes = 4;

  WorldsOptions options(Autoreset autoreset) const {
    WorldsOptions options = lively_options(GetParam().game, 1);
    options.episode_length = GetParam().episode_length;
    options.buffers = GetParam().buffers;
    options.autoreset = autoreset;
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(Games, WorldsAutoreset,
                         ::testing::Values(Case{cart_pole, 500, 1}, Case{cart_pole, 500, 2}, Case{pendulum, 3, 1},
                                           Case{pendulum, 3, 2}, Case{mountain_car, 1, 1}, Case{acrobot, 40, 2}),
                         [](const ::testing::TestParamInfo<Case> &info) {
                           return text("OfType", info.index, "WithBuffers", info.param.buffers);
                         });

TEST_P(WorldsAutoreset, WithSameStepShowsTheNextStartBesideTheLastRewardFlagsAndObservation) {
  const WorldsOptions given = options(Autoreset::same_step);
  Worlds worlds(GetParam().game, given);
  int64_t action = 0;
  for (int64_t number = 0; number < episodes; ++number) {
    const std::vector<Seen> expected = episode(GetParam().game, given, number, action);
    for (size_t step = 1; step < expected.size(); ++step) {
      step_randomly(worlds, action++, 1);
      Seen seen = expected[step];
      if (step + 1 == expected.size()) {
        EXPECT_EQ(values_of<float>(worlds, "final_observation"), seen.observation);
        const Seen start = episode(GetParam().game, given, number + 1, action)[0];
        seen.observation = start.observation;
        seen.steps = 0;
      }
      EXPECT_EQ(see(worlds), seen) << "episode " << number << ", step " << step;
    }
    EXPECT_EQ(worlds.episode_of(0), static_cast<uint64_t>(number + 1));
  }
}

TEST_P(WorldsAutoreset, WithNextStepShowsTheEndAndThenTheNextStartWithoutLookingAtTheAction) {
  const WorldsOptions given = options(Autoreset::next_step);
  Worlds worlds(GetParam().game, given);
  int64_t action = 0;
  for (int64_t number = 0; number < episodes; ++number) {
    const std::vector<Seen> expected = episode(GetParam().game, given, number, action);
    EXPECT_EQ(see(worlds), expected[0]) << "episode " << number;
    for (size_t step = 1; step < expected.size(); ++step) {
      step_randomly(worlds, action++, 1);
      EXPECT_EQ(see(worlds), expected[step]) << "episode " << number << ", step " << step;
    }
    EXPECT_EQ(values_of<float>(worlds, "final_observation"), expected.back().observation);
    EXPECT_EQ(worlds.episode_of(0), static_cast<uint64_t>(number));
    const Tensor wrong = worlds.tensor("action");
    std::fill(wrong.data, wrong.data + wrong.nbytes(), std::byte{0xFF});  // -1, or NaN
    worlds.step();
  }
}

TEST_P(WorldsAutoreset, WithNoneLeavesTheWorldAsItEndedUntilItIsReset) {
  const WorldsOptions given = options(Autoreset::disabled);
  Worlds worlds(GetParam().game, given);
  int64_t action = 0;
  for (int64_t number = 0; number < episodes; ++number) {
    const std::vector<Seen> expected = episode(GetParam().game, given, number, action);
    step_randomly(worlds, action, static_cast<int64_t>(expected.size()) - 1);
    action += static_cast<int64_t>(expected.size()) - 1;
    EXPECT_EQ(see(worlds), expected.back());
    const std::vector<double> state = state_of(worlds, 0);
    Seen still = expected.back();
    still.reward = 0;
    uint64_t hash = 0;
    for (int64_t waited = 0; waited < 3; ++waited) {
      step_randomly(worlds, 100 + waited, 1);
      EXPECT_EQ(see(worlds), still) << waited;
      EXPECT_EQ(values_of<float>(worlds, "final_observation"), still.observation) << waited;
      EXPECT_EQ(state_of(worlds, 0), state) << waited;
      if (waited > 0) {
        EXPECT_EQ(worlds.hashes()[0], hash) << waited;
      }
      hash = worlds.hashes()[0];
    }
    worlds.reset({});
    EXPECT_EQ(see(worlds), episode(GetParam().game, given, number + 1, action)[0]);
  }
}

// World 0 of each ends in its own way; only the seed and the number of the episode say how the next one starts.
TEST(WorldsEpisode, DependsOnTheSeedAndItsNumberAlone) {
  for (const char *game : all_games)
    for (const Precision precision : both_precisions) {
      WorldsOptions options = lively_options(game, 3);
      options.game.precision = precision;
      options.seeds = {70, 80, 90};
      Worlds played(game, options);
      int64_t step = 0;
      while (played.episode_of(1) < 5 || values_of<int32_t>(played, "steps")[1] != 0) step_randomly(played, step++, 1);
      options.num_worlds = 1;
      options.seeds = {80};
      options.autoreset = Autoreset::disabled;
      Worlds only_reset(game, options);
      for (uint64_t number = 0; number < played.episode_of(1); ++number) only_reset.reset({});
      EXPECT_EQ(state_of(played, 1), state_of(only_reset, 0)) << game;
    }
}

TEST(WorldsEpisode, StartsElsewhereEachTime) {
  for (const char *game : all_games) {
    Worlds worlds(game, lively_options(game, 1));
    std::vector<std::vector<double>> starts;
    for (int number = 0; number < 20; ++number) {
      EXPECT_THAT(starts, Each(::testing::Ne(state_of(worlds, 0)))) << game;
      starts.push_back(state_of(worlds, 0));
      worlds.reset({});
    }
  }
}

TEST(WorldsEpisode, OfGymnasiumsGeneratorGoesOnFromWhereTheOneBeforeLeftIt) {
  WorldsOptions options = lively_options(cart_pole, 1);
  options.game.randomness = Randomness::gymnasium;
  options.game.precision = Precision::float64;
  Worlds worlds(cart_pole, options);
  GymnasiumRandom generator = GymnasiumRandom::seeded(1000);
  for (int number = 0; number < 3; ++number) {
    std::vector<double> expected(4);
    for (double &value : expected) value = generator.uniform(-0.05, 0.05);
    EXPECT_EQ(state_of(worlds, 0), expected);
    worlds.reset({});
  }
}

TEST(WorldsReset, StartsTheNextEpisodeOfTheWorldsThatAreChosen) {
  for (const Autoreset autoreset : all_autoresets) {
    WorldsOptions options = lively_options(cart_pole, 4);
    options.autoreset = autoreset;
    Worlds worlds(cart_pole, options), expected(cart_pole, options);
    step_randomly(worlds, 0, 5);
    const std::vector<uint64_t> before = worlds.hashes();
    const std::unique_ptr<bool[]> mask(new bool[4]{false, true, false, true});
    worlds.reset({mask.get(), 4});
    expected.reset({});
    EXPECT_THAT(worlds.hashes(), ElementsAre(before[0], expected.hashes()[1], before[2], expected.hashes()[3]));
    EXPECT_THAT(values_of<int32_t>(worlds, "steps"), ElementsAre(5, 0, 5, 0));
    EXPECT_THAT(values_of<float>(worlds, "reward"), ElementsAre(1, 0, 1, 0));
  }
}

TEST(WorldsReset, WithASeedStartsAgainAtEpisodeZeroOfThatSeedAndThoseAfterIt) {
  WorldsOptions options = lively_options(acrobot, 3);
  Worlds worlds(acrobot, options);
  step_randomly(worlds, 0, 60);
  options.seeds = {UINT64_MAX};  // world 1 has the seed 0
  worlds.reset({}, options.seeds);
  EXPECT_EQ(worlds.hashes(), Worlds(acrobot, options).hashes());
  EXPECT_EQ(worlds.seed_of(1), 0u);
}

TEST(WorldsReset, WithSeedsAndAMaskGivesTheirsToTheWorldsThatAreChosen) {
  WorldsOptions options = lively_options(pendulum, 3);
  Worlds worlds(pendulum, options);
  const std::vector<uint64_t> before = worlds.hashes();
  options.seeds = {5, 6, 7};
  const std::unique_ptr<bool[]> mask(new bool[3]{true, false, false});
  worlds.reset({mask.get(), 3}, options.seeds);
  const Worlds expected(pendulum, options);
  EXPECT_THAT(worlds.hashes(), ElementsAre(expected.hashes()[0], before[1], before[2]));
  EXPECT_EQ(worlds.seed_of(0), 5u);
  EXPECT_EQ(worlds.seed_of(2), 1002u);
}

TEST(WorldsReset, RefusesAMaskOrSeedsOfAnotherLengthAndChangesNothing) {
  Worlds worlds(pendulum, lively_options(pendulum, 3));
  const std::vector<uint64_t> before = worlds.hashes();
  const std::unique_ptr<bool[]> mask(new bool[4]{true, true, true, true});
  const std::vector<uint64_t> seeds = {1, 2};
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("4 entries"), HasSubstr("expected 3")), [&] {
    worlds.reset({mask.get(), 4});
  });
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("2 seeds"), HasSubstr("1 or 3")),
                 [&] { worlds.reset({}, seeds); });
  EXPECT_EQ(worlds.hashes(), before);
}

}  // namespace
}  // namespace penstock::core
