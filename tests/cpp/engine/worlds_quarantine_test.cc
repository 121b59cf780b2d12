// A world whose state is no longer finite is taken out, counted and reported; the others do not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr double infinity = std::numeric_limits<double>::infinity(),
                 not_a_number = std::numeric_limits<double>::quiet_NaN();

std::vector<std::pair<int64_t, int64_t>> faults_of(const Worlds &worlds) {
  std::vector<std::pair<int64_t, int64_t>> faults;
  for (const WorldFault &fault : worlds.faults()) faults.emplace_back(fault.world, fault.step);
  return faults;
}

// One number of a world's state, the others as they are.
void spoil(Worlds &worlds, int64_t world, size_t index, double value) {
  std::vector<double> state = state_of(worlds, world);
  state[index] = value;
  worlds.set_state(world, state);
}

// 67 worlds, of which two are spoilt in different stretches of every vector width, against 67 that are not.
TEST(WorldsQuarantine, LeavesTheOtherWorldsAloneInEachGameModeAndKernel) {
  for (const char *game : all_games)
    for (const Autoreset autoreset : all_autoresets)
      for (const WorldsKernel kernel : kernels_here()) {
        WorldsOptions options = lively_options(game, 67);
        options.autoreset = autoreset;
        options.game.kernel = kernel;
        Worlds sound(game, options), worlds(game, options);
        step_randomly(sound, 0, 7);
        step_randomly(worlds, 0, 7);
        for (const int64_t world : {5, 66}) spoil(worlds, world, 0, not_a_number);
        for (int64_t step = 7; step < 40; ++step) {
          step_randomly(sound, step, 1);
          step_randomly(worlds, step, 1);
          const std::vector<uint64_t> expected = sound.hashes();
          std::vector<uint64_t> hashes = worlds.hashes();
          for (const size_t world : {size_t{5}, size_t{66}}) hashes[world] = expected[world];
          ASSERT_EQ(hashes, expected) << game << ' ' << name_of(autoreset) << ", step " << step;
        }
        EXPECT_THAT(faults_of(worlds), ElementsAre(std::pair(5, 7), std::pair(66, 7))) << game;
        EXPECT_EQ(worlds.fault_count(), 2);
        EXPECT_EQ(sound.fault_count(), 0);
      }
}

TEST(WorldsQuarantine, TakesAnyNumberThatIsNotFiniteInEachPrecision) {
  for (const char *game : all_games)
    for (const Precision precision : both_precisions)
      for (const double value : {not_a_number, infinity, -infinity}) {
        WorldsOptions options = lively_options(game, 3);
        options.game.precision = precision;
        Worlds worlds(game, options);
        for (int64_t index = 0; index < worlds.game().state_count(); ++index) {
          spoil(worlds, 1, static_cast<size_t>(index), value);
          step_randomly(worlds, index, 1);
          EXPECT_EQ(worlds.fault_count(), index + 1) << game << ", number " << index << " is " << value;
          EXPECT_EQ(values_of<float>(worlds, "reward")[1], 0);
        }
      }
}

TEST(WorldsQuarantine, TakesAStateThatAStepMadeInfinite) {
  Worlds worlds(cart_pole, lively_options(cart_pole, 2));
  worlds.set_state(1, std::vector<double>{0, 0, 0.1, 1e30});  // its square is beyond float32
  worlds.step();
  EXPECT_THAT(faults_of(worlds), ElementsAre(std::pair(1, 0)));
}

TEST(WorldsQuarantine, DoesNotTakeWhatWasSetRightBeforeTheStep) {
  Worlds worlds(pendulum, lively_options(pendulum, 2));
  spoil(worlds, 0, 0, not_a_number);
  spoil(worlds, 0, 0, 1);
  spoil(worlds, 1, 1, infinity);
  worlds.reset({});
  worlds.step();
  EXPECT_EQ(worlds.fault_count(), 0);
}

class WorldsQuarantineIn : public ::testing::Test {
 protected:
  // A world in its third step, spoilt, and stepped.
  static std::unique_ptr<Worlds> spoilt(Autoreset autoreset, int32_t buffers) {
    WorldsOptions options = lively_options(acrobot, 1);
    options.parameters = {};
    options.autoreset = autoreset;
    options.buffers = buffers;
    auto worlds = std::make_unique<Worlds>(acrobot, options);
    step_randomly(*worlds, 0, 2);
    spoil(*worlds, 0, 2, not_a_number);
    step_randomly(*worlds, 2, 1);
    EXPECT_THAT(values_of<uint8_t>(*worlds, "terminated"), ElementsAre(1));
    EXPECT_THAT(values_of<uint8_t>(*worlds, "truncated"), ElementsAre(0));
    EXPECT_THAT(values_of<float>(*worlds, "reward"), ElementsAre(0));
    EXPECT_THAT(values_of<float>(*worlds, "final_observation"), Each(0));
    return worlds;
  }
  // The start of the second episode.
  static std::vector<double> next_start() {
    WorldsOptions options = lively_options(acrobot, 1);
    options.parameters = {};
    Worlds worlds(acrobot, options);
    worlds.reset({});
    return state_of(worlds, 0);
  }
};

TEST_F(WorldsQuarantineIn, SameStepBeginsTheNextEpisodeAtOnce) {
  const auto worlds = spoilt(Autoreset::same_step, 1);
  EXPECT_EQ(state_of(*worlds, 0), next_start());
  EXPECT_THAT(values_of<int32_t>(*worlds, "steps"), ElementsAre(0));
  EXPECT_EQ(worlds->episode_of(0), 1u);
}

TEST_F(WorldsQuarantineIn, NextStepBeginsTheNextEpisodeAStepLater) {
  const auto worlds = spoilt(Autoreset::next_step, 2);
  EXPECT_THAT(values_of<float>(*worlds, "observation"), Each(0));
  EXPECT_THAT(values_of<int32_t>(*worlds, "steps"), ElementsAre(3));
  worlds->step();
  EXPECT_EQ(state_of(*worlds, 0), next_start());
  EXPECT_THAT(values_of<uint8_t>(*worlds, "terminated"), ElementsAre(0));
  EXPECT_EQ(worlds->fault_count(), 1);
}

TEST_F(WorldsQuarantineIn, NoModeStandsStillUntilItIsReset) {
  for (const int32_t buffers : {1, 2}) {
    const auto worlds = spoilt(Autoreset::disabled, buffers);
    for (int64_t step = 3; step < 7; ++step) {
      EXPECT_THAT(values_of<float>(*worlds, "observation"), Each(0)) << step;
      EXPECT_THAT(values_of<uint8_t>(*worlds, "terminated"), ElementsAre(1)) << step;
      EXPECT_THAT(values_of<int32_t>(*worlds, "steps"), ElementsAre(3)) << step;
      step_randomly(*worlds, step, 1);
    }
    EXPECT_EQ(worlds->fault_count(), 1);
    worlds->reset({});
    EXPECT_EQ(state_of(*worlds, 0), next_start());
  }
}

// Shards end in any order; neither which are kept nor their order shows it.
TEST(WorldsQuarantine, KeepsTheNewestFaultsByStepAndWorldWhateverTheThreads) {
  constexpr int64_t num_worlds = 3000, kept = 1024;
  for (const int32_t threads : {1, 8}) {
    WorldsOptions options = lively_options(acrobot, num_worlds);
    options.threads = threads;
    Worlds worlds(acrobot, options);
    for (const int64_t first : {int64_t{0}, num_worlds - 500}) {
      for (int64_t world = first; world < num_worlds; ++world) spoil(worlds, world, 0, not_a_number);
      worlds.step();
    }
    EXPECT_EQ(worlds.fault_count(), num_worlds + 500);
    std::vector<std::pair<int64_t, int64_t>> expected;
    for (int64_t world = num_worlds - (kept - 500); world < num_worlds; ++world) expected.emplace_back(world, 0);
    for (int64_t world = num_worlds - 500; world < num_worlds; ++world) expected.emplace_back(world, 1);
    EXPECT_EQ(faults_of(worlds), expected) << threads << " threads";
  }
}

}  // namespace
}  // namespace penstock::core
