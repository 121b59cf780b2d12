// What happens in GridWorld, and what the engine promises of every game.
#include "core/worlds/games/grid_world/grid_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/base/random.h"
#include "core/worlds/replay.h"
#include "core/worlds/worlds.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

enum Move : int32_t { stay, up, right, down, left };

WorldsOptions options_with(const std::string &level, int64_t num_worlds = 1) {
  WorldsOptions options;
  options.num_worlds = num_worlds;
  options.game.levels = {{"the level", level}};
  return options;
}

Worlds grid(const std::string &level) {
  WorldsOptions options = options_with(level);
  options.autoreset = Autoreset::disabled;
  return Worlds(grid_world_name, options);
}

// Three levels of different sizes, keys, doors, two agents.
const char *const lively_levels =
    "step_limit: 23\nstep_cost: 0.01\n\nname: one\n@.a\n@.A\n..G\n\nname: two\n#@.G#\n#.@.#\n\nname: "
    "three\nb@B@.G\n....A.\n..a...\n";

void act(Worlds &worlds, const std::vector<int32_t> &moves) {
  write_actions(worlds, moves);
  worlds.step();
}

std::vector<int32_t> agents_of(const Worlds &worlds) { return values_of<int32_t>(worlds, "agents"); }
float reward_of(const Worlds &worlds) { return values_of<float>(worlds, "reward")[0]; }
bool is_over(const Worlds &worlds) { return values_of<uint8_t>(worlds, "terminated")[0] != 0; }

void act_randomly(Worlds &worlds, int64_t first, int64_t count) {
  const int64_t agents = worlds.tensor("action").element_count() / worlds.num_worlds();
  for (int64_t step = first; step < first + count; ++step) {
    std::vector<int32_t> moves;
    for (int64_t world = 0; world < worlds.num_worlds(); ++world)
      for (int64_t agent = 0; agent < agents; ++agent)
        moves.push_back(static_cast<int32_t>(
            uniform_below({9, static_cast<uint64_t>(world)}, static_cast<uint64_t>(step * agents + agent), 5)));
    act(worlds, moves);
  }
}

TEST(GridWorld, MovesWhereTheActionSays) {
  Worlds worlds = grid("...\n.@.\n..G\n");
  for (const auto &[move, row, column] :
       {std::tuple{stay, 1, 1}, {up, 0, 1}, {right, 0, 2}, {down, 1, 2}, {left, 1, 1}}) {
    act(worlds, {move});
    EXPECT_THAT(agents_of(worlds), ElementsAre(row, column, 0, 0)) << move;
  }
}

TEST(GridWorld, StopsAtWallsAndAtTheEdge) {
  Worlds worlds = grid("@#G\n...\n");
  for (const Move move : {up, left, right}) {
    act(worlds, {move});
    EXPECT_THAT(agents_of(worlds), ElementsAre(0, 0, 0, 0)) << move;
  }
}

TEST(GridWorld, OpensADoorWithItsKeyAlone) {
  Worlds worlds = grid("a@AG\n");
  act(worlds, {right});
  EXPECT_THAT(agents_of(worlds), ElementsAre(0, 1, 0, 0));
  act(worlds, {left});
  EXPECT_THAT(agents_of(worlds), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(values_of<uint8_t>(worlds, "cells"), ElementsAre(0, 0, 9, 2));
  act(worlds, {right});
  act(worlds, {right});
  EXPECT_THAT(agents_of(worlds), ElementsAre(0, 2, 1, 0));
  EXPECT_THAT(values_of<uint8_t>(worlds, "cells"), ElementsAre(0, 0, 15, 2));
}

TEST(GridWorld, PaysAtTheGoalAndEndsThere) {
  Worlds worlds = grid("step_cost: 0.25\ngoal_reward: 3\n@.G\n");
  act(worlds, {right});
  EXPECT_EQ(reward_of(worlds), -0.25f);
  EXPECT_FALSE(is_over(worlds));
  act(worlds, {right});
  EXPECT_EQ(reward_of(worlds), 2.75f);
  EXPECT_TRUE(is_over(worlds));
}

TEST(GridWorld, IsTruncatedAtItsStepLimit) {
  Worlds worlds = grid("step_limit: 2\n@.G\n");
  act(worlds, {stay});
  EXPECT_EQ(values_of<uint8_t>(worlds, "truncated")[0], 0);
  act(worlds, {stay});
  EXPECT_EQ(values_of<uint8_t>(worlds, "truncated")[0], 1);
  EXPECT_FALSE(is_over(worlds));
}

TEST(GridWorld, LetsAgentsMoveInTheirOrder) {
  Worlds worlds = grid("@@.G\n");
  act(worlds, {right, right});  // the first finds its way taken, the second moves on
  EXPECT_THAT(agents_of(worlds), ElementsAre(0, 0, 0, 0, 0, 2, 0, 0));
  act(worlds, {right, left});  // the first is there before
  EXPECT_THAT(agents_of(worlds), ElementsAre(0, 1, 0, 0, 0, 2, 0, 0));
}

TEST(GridWorld, EndsWhenEveryAgentHasArrived) {
  Worlds worlds = grid("@G@\n");
  act(worlds, {right, stay});
  EXPECT_THAT(values_of<float>(worlds, "reward"), ElementsAre(1, 0));
  EXPECT_FALSE(is_over(worlds));
  act(worlds, {left, left});  // who has arrived is in nobody's way, and stays
  EXPECT_THAT(values_of<float>(worlds, "reward"), ElementsAre(0, 1));
  EXPECT_THAT(agents_of(worlds), ElementsAre(0, 1, 0, 1, 0, 1, 0, 1));
  EXPECT_TRUE(is_over(worlds));
}

TEST(GridWorld, LeavesADoorOpenForOthers) {
  Worlds worlds = grid("a@AG\n...@\n");
  for (const Move move : {left, right, right, right}) act(worlds, {move, stay});
  EXPECT_EQ(values_of<uint8_t>(worlds, "cells")[2], 15);
}

TEST(GridWorld, ShowsTheGridAsPlanes) {
  Worlds worlds = grid("@a#\nbAG\n");
  EXPECT_THAT(worlds.find_field("observation").shape, (Extents{10, 2, 3}));
  const auto plane = [&](int index) {
    const std::vector<float> all = values_of<float>(worlds, "observation");
    return std::vector<float>(all.begin() + 6L * index, all.begin() + 6L * (index + 1));
  };
  EXPECT_THAT(plane(0), ElementsAre(0, 0, 1, 0, 0, 0)) << "walls";
  EXPECT_THAT(plane(1), ElementsAre(0, 0, 0, 0, 0, 1)) << "goals";
  EXPECT_THAT(plane(2), ElementsAre(1, 0, 0, 0, 0, 0)) << "itself";
  EXPECT_THAT(plane(3), ElementsAre(0, 0, 0, 0, 0, 0)) << "others";
  EXPECT_THAT(plane(4), ElementsAre(0, 1, 0, 0, 0, 0)) << "keys a";
  EXPECT_THAT(plane(5), ElementsAre(0, 0, 0, 0, 1, 0)) << "doors A";
  EXPECT_THAT(plane(6), ElementsAre(0, 0, 0, 0, 0, 0)) << "a in hand";
  EXPECT_THAT(plane(7), ElementsAre(0, 0, 0, 1, 0, 0)) << "keys b";
  act(worlds, {right});
  EXPECT_THAT(plane(2), ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_THAT(plane(4), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(plane(6), ElementsAre(1, 1, 1, 1, 1, 1));
  act(worlds, {down});
  EXPECT_THAT(plane(5), ElementsAre(0, 0, 0, 0, 0, 0)) << "an open door is floor";
}

TEST(GridWorld, FillsUpSmallerLevelsWithWalls) {
  WorldsOptions options = options_with("@G\n\n@.\n.G\n");
  options.parameters = {{"level_index", 0}};
  const Worlds worlds(grid_world_name, options);
  EXPECT_THAT(values_of<uint8_t>(worlds, "cells"), ElementsAre(0, 2, 1, 1));
}

TEST(GridWorld, ChoosesALevelBySeedAndEpisodeOrTheOneThatIsAskedFor) {
  WorldsOptions options = options_with("@G\n\n@.\n.G\n\n@\nG\n", 300);
  Worlds worlds(grid_world_name, options);
  std::vector<int> counts(3);
  for (const int32_t level : values_of<int32_t>(worlds, "level")) ++counts[static_cast<size_t>(level)];
  for (const int count : counts) EXPECT_GT(count, 60);
  const std::vector<int32_t> before = values_of<int32_t>(worlds, "level");
  worlds.reset({});
  EXPECT_NE(values_of<int32_t>(worlds, "level"), before);
  worlds.set_parameter("level_index", 2);
  worlds.reset({});
  EXPECT_THAT(values_of<int32_t>(worlds, "level"), ::testing::Each(2));
  expect_failure(Status::out_of_range, HasSubstr("level_index is 3: expected -1 to 2"),
                 [&] { worlds.set_parameter("level_index", 3); });
}

TEST(GridWorld, HasALevelOfItsOwn) {
  const Worlds worlds(grid_world_name, {});
  EXPECT_EQ(worlds.game().caption(0), "A key, a door");
  EXPECT_EQ(worlds.episode_length(), 100);
}

TEST(GridWorld, RefusesWhatItCannotBe) {
  WorldsOptions options;
  options.game.precision = Precision::float64;
  expect_failure(Status::invalid_argument, HasSubstr("f32"), [&] { const Worlds worlds(grid_world_name, options); });
  options.game = {};
  options.game.randomness = Randomness::gymnasium;
  expect_failure(Status::invalid_argument, HasSubstr("gymnasium"),
                 [&] { const Worlds worlds(grid_world_name, options); });
  expect_failure(Status::invalid_argument, HasSubstr("levels were given to CartPole-v1"),
                 [] { const Worlds worlds("CartPole-v1", options_with("@G\n")); });
}

TEST(GridWorld, IsTheSameForThreadsBuffersAndNumberOfWorlds) {
  WorldsOptions options = options_with(lively_levels, 200);
  Worlds expected(grid_world_name, options);
  options.threads = 3;
  options.buffers = 2;
  Worlds same(grid_world_name, options);
  options = options_with(lively_levels, 5);
  Worlds few(grid_world_name, options);
  for (int64_t step = 0; step < 60; ++step) {
    for (Worlds *worlds : {&expected, &same, &few}) act_randomly(*worlds, step, 1);
    const std::vector<uint64_t> hashes = expected.hashes();
    ASSERT_EQ(same.hashes(), hashes) << step;
    ASSERT_EQ(few.hashes(), std::vector<uint64_t>(hashes.begin(), hashes.begin() + 5)) << step;
  }
}

TEST(GridWorld, KeepsAFinishedWorldAsItIsInEitherBuffer) {
  WorldsOptions options = options_with("step_cost: 1\n@G\n");
  options.autoreset = Autoreset::disabled;
  options.buffers = 2;
  Worlds worlds(grid_world_name, options);
  act(worlds, {right});
  const std::vector<float> last = values_of<float>(worlds, "observation");
  for (int step = 0; step < 3; ++step) {
    act(worlds, {left});
    EXPECT_EQ(values_of<float>(worlds, "observation"), last);
    EXPECT_TRUE(is_over(worlds));
    EXPECT_EQ(reward_of(worlds), 0);
  }
}

TEST(GridWorld, GoesOnFromASnapshotAsItWouldHave) {
  Worlds worlds(grid_world_name, options_with(lively_levels, 8)),
      other(grid_world_name, options_with(lively_levels, 8));
  act_randomly(worlds, 0, 17);
  const std::vector<std::byte> kept = worlds.snapshot();
  act_randomly(worlds, 17, 40);
  other.restore(kept, {}, {});
  act_randomly(other, 17, 40);
  EXPECT_EQ(other.hashes(), worlds.hashes());
  Worlds foreign(grid_world_name, options_with("@@a\n..A\n..G\n", 8));
  expect_failure(Status::data_error, HasSubstr("layout"), [&] { foreign.restore(kept, {}, {}); });
}

TEST(GridWorld, TakesOutAWorldThatASnapshotPutOutsideTheGrid) {
  Worlds worlds = grid("@.G\n");
  reinterpret_cast<int32_t *>(worlds.tensor("agents").data)[1] = 1 << 20;
  act(worlds, {right});
  EXPECT_EQ(worlds.fault_count(), 1);
  EXPECT_TRUE(is_over(worlds));
}

TEST(GridWorld, HasAPlainStateThatCanBeSet) {
  Worlds worlds = grid("a@AG\n");
  act(worlds, {left});
  std::vector<double> state = state_of(worlds, 0);
  EXPECT_THAT(state, ElementsAre(0, 0, 0, 1, 0, 0, 0, 9, 2));
  state[2] = 1;
  worlds.set_state(0, state);
  EXPECT_EQ(state_of(worlds, 0), state);
  for (const auto &[index, value] :
       {std::pair{0, 1.0}, {1, 1.0}, {2, 4.0}, {3, 64.0}, {4, 2.0}, {5, 21.0}, {5, 0.5}, {5, std::nan("")}}) {
    std::vector<double> wrong = state;
    wrong[static_cast<size_t>(index)] = value;
    expect_failure(Status::out_of_range, HasSubstr("expected 0 to"), [&] { worlds.set_state(0, wrong); });
    EXPECT_EQ(state_of(worlds, 0), state);
  }
}

TEST(GridWorld, ReplaysTheSameWithItsLevels) {
  const std::string path = ::testing::TempDir() + "grid_world.psr";
  Worlds worlds(grid_world_name, options_with(lively_levels, 4));
  act_randomly(worlds, 0, 5);
  worlds.start_recording(path);
  act_randomly(worlds, 5, 50);
  worlds.stop_recording();
  const ReplayReport report = replay_recording(path, {});
  EXPECT_FALSE(report.difference);
  EXPECT_TRUE(report.is_complete);
  EXPECT_EQ(report.steps, 50);
}

// Each line: steps taken, and the digest of eight worlds' hashes.
TEST(GridWorldHashes, AreThoseThatWereRecorded) {
  Worlds worlds(grid_world_name, options_with(lively_levels, 8));
  std::ostringstream lines;
  int64_t done = 0;
  for (const int64_t steps : {0, 1, 10, 100, 1000}) {
    act_randomly(worlds, done, steps - done);
    done = steps;
    lines << steps << ' ' << std::hex << digest(worlds.hashes()) << std::dec << '\n';
  }
  std::ifstream file(TEST_DATA_DIR "/worlds/grid_world_hashes.txt");
  std::ostringstream recorded;
  recorded << file.rdbuf();
  EXPECT_EQ(lines.str(), recorded.str()) << "if that is meant, the lines are:\n" << lines.str();
}

}  // namespace
}  // namespace penstock::core
