// The tensor "reset", in which a caller asks for the next episode of some worlds; Escape Room has it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/worlds/replay.h"
#include "io_testing.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr const char *game = "EscapeRoom";

WorldsOptions options_of(Autoreset autoreset = Autoreset::same_step, int32_t buffers = 1) {
  WorldsOptions options;
  options.num_worlds = 3;
  options.seeds = {7};
  options.autoreset = autoreset;
  options.episode_length = 5;
  options.buffers = buffers;
  return options;
}

bool *requests(const Worlds &worlds) { return reinterpret_cast<bool *>(worlds.tensor("reset").data); }

void step(Worlds &worlds, int count) {
  for (; count > 0; --count) worlds.step();
}

TEST(WorldsResetRequests, AreDoneByTheStepAsByResetAfterItAndForgotten) {
  for (const Autoreset autoreset : all_autoresets)
    for (const int32_t buffers : {1, 2}) {
      SCOPED_TRACE(text(name_of(autoreset), ", buffers ", buffers));
      Worlds asked(game, options_of(autoreset, buffers)), called(game, options_of(autoreset, buffers));
      for (Worlds *worlds : {&asked, &called}) step(*worlds, 2);
      requests(asked)[1] = true;
      step(asked, 1);
      step(called, 1);
      const bool mask[3] = {false, true, false};
      called.reset(mask);
      EXPECT_EQ(asked.hashes(), called.hashes());
      EXPECT_EQ(asked.field_hashes(), called.field_hashes());
      EXPECT_EQ(asked.episode_of(1), 1u);
      EXPECT_THAT(values_of<int32_t>(asked, "steps"), ElementsAre(3, 0, 3));
      EXPECT_THAT(values_of<uint8_t>(asked, "reset"), Each(0));
      step(asked, 1);
      EXPECT_EQ(asked.episode_of(1), 1u);
    }
}

TEST(WorldsResetRequests, LoseNoOutcomeOfAnEpisodeThatEndsInTheSameStep) {
  for (const Autoreset autoreset : all_autoresets) {
    SCOPED_TRACE(name_of(autoreset));
    Worlds worlds(game, options_of(autoreset));
    step(worlds, 4);
    const std::vector<float> before = values_of<float>(worlds, "reward");
    requests(worlds)[0] = true;
    step(worlds, 1);
    EXPECT_THAT(values_of<uint8_t>(worlds, "truncated"), Each(1));
    EXPECT_EQ(values_of<float>(worlds, "reward"), before);
    EXPECT_EQ(worlds.episode_of(0), worlds.episode_of(1));
    EXPECT_THAT(values_of<uint8_t>(worlds, "reset"), Each(0));
  }
}

TEST(WorldsResetRequests, SkipNoEpisodeThatTheStepBegins) {
  Worlds worlds(game, options_of(Autoreset::next_step));
  step(worlds, 5);
  requests(worlds)[0] = true;
  step(worlds, 1);
  EXPECT_EQ(worlds.episode_of(0), 1u);
  EXPECT_THAT(values_of<int32_t>(worlds, "steps"), Each(0));
}

TEST(WorldsResetRequests, WakeAWorldThatStandsStill) {
  Worlds worlds(game, options_of(Autoreset::disabled));
  step(worlds, 7);
  requests(worlds)[2] = true;
  step(worlds, 1);
  EXPECT_THAT(values_of<uint8_t>(worlds, "truncated"), ElementsAre(1, 1, 0));
  EXPECT_EQ(worlds.episode_of(2), 1u);
}

TEST(WorldsResetRequests, OfAnyByteCount) {
  Worlds worlds(game, options_of());
  step(worlds, 1);
  reinterpret_cast<uint8_t *>(worlds.tensor("reset").data)[0] = 0x80;
  step(worlds, 1);
  EXPECT_THAT(values_of<int32_t>(worlds, "steps"), ElementsAre(0, 2, 2));
}

TEST(WorldsResetRequests, StayWhenTheStepIsRefused) {
  Worlds worlds(game, options_of());
  step(worlds, 1);
  requests(worlds)[0] = true;
  int32_t *action = reinterpret_cast<int32_t *>(worlds.tensor("action").data);
  action[0] = 9;
  EXPECT_ANY_THROW(worlds.step());
  EXPECT_THAT(values_of<uint8_t>(worlds, "reset"), ElementsAre(1, 0, 0));
  action[0] = 0;
  step(worlds, 1);
  EXPECT_EQ(worlds.episode_of(0), 1u);
}

TEST(WorldsResetRequests, AreReplayedFromARecordingThatTheyWereMadeBeforeOrIn) {
  const TemporaryFolder folder;
  Worlds worlds(game, options_of());
  requests(worlds)[0] = true;
  worlds.start_recording(folder.path("run.psr"));
  for (int64_t index = 0; index < 13; ++index) {
    if (index % 3 == 0) requests(worlds)[index % 2] = true;
    write_random_actions(worlds, index);
    worlds.step();
  }
  worlds.stop_recording();
  const ReplayReport report = replay_recording(folder.path("run.psr"), {});
  EXPECT_FALSE(report.difference.has_value());
  EXPECT_TRUE(report.is_complete);
  EXPECT_EQ(report.steps, 13);
}

}  // namespace
}  // namespace penstock::core
