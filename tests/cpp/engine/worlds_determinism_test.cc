// Nothing but seeds, options and actions shows in worlds: not the kernel, the threads, the number of worlds, the
// buffers, nor the compiler and the machine, of which tests/data/worlds/hashes.txt was recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

struct Case {
  const char *game;
  Precision precision;
  Autoreset autoreset;

  std::string name() const { return text(game, ' ', name_of(precision), ' ', name_of(autoreset)); }
  friend void PrintTo(const Case &one, std::ostream *out) { *out << one.name(); }
  WorldsOptions options(int64_t num_worlds) const {
    WorldsOptions options = lively_options(game, num_worlds);
    options.game.precision = precision;
    options.autoreset = autoreset;
    return options;
  }
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const char *game : all_games)
    for (const Precision precision : both_precisions)
      for (const Autoreset autoreset : all_autoresets) cases.push_back({game, precision, autoreset});
  return cases;
}

class WorldsDeterminism : public ::testing::TestWithParam<Case> {
 protected:
  std::vector<std::vector<uint64_t>> run(const WorldsOptions &options, int64_t steps) {
    Worlds worlds(GetParam().game, options);
    return hashes_along(worlds, 0, steps);
  }
};

INSTANTIATE_TEST_SUITE_P(Games, WorldsDeterminism, ::testing::ValuesIn(all_cases()),
                         [](const ::testing::TestParamInfo<Case> &info) {
                           std::string name = info.param.name();
                           std::erase_if(name, [](char character) { return character == ' ' || character == '-'; });
                           return name;
                         });

// 67 worlds: of every width some stretches and a rest.
TEST_P(WorldsDeterminism, IsTheSameForEachKernelAndNumberOfBuffers) {
  WorldsOptions options = GetParam().options(67);
  options.game.kernel = WorldsKernel::scalar;
  const auto expected = run(options, 60);
  for (const WorldsKernel kernel : kernels_here())
    for (const int32_t buffers : {1, 2}) {
      options.game.kernel = kernel;
      options.buffers = buffers;
      EXPECT_EQ(run(options, 60), expected) << "kernel " << static_cast<int32_t>(kernel) << ", buffers " << buffers;
    }
}

// So many worlds that each game has several shards.
TEST_P(WorldsDeterminism, IsTheSameForEachNumberOfThreads) {
  constexpr int64_t steps = 30;
  WorldsOptions options = GetParam().options(2 * 4096 + 1003);
  options.threads = 1;
  Worlds expected(GetParam().game, options);
  step_randomly(expected, 0, steps);
  for (const int32_t threads : {0, 2, 3, 8}) {
    options.threads = threads;
    Worlds worlds(GetParam().game, options);
    step_randomly(worlds, 0, steps);
    EXPECT_EQ(worlds.hashes(), expected.hashes()) << threads << " threads";
    EXPECT_EQ(worlds.field_hashes(), expected.field_hashes()) << threads << " threads";
  }
}

TEST_P(WorldsDeterminism, IsTheSameAmongManyWorldsAndAlone) {
  const auto expected = run(GetParam().options(4096), 30);
  const auto of_64 = run(GetParam().options(64), 30);
  WorldsOptions options = GetParam().options(1);
  const auto of_one = run(options, 30);
  for (size_t step = 0; step < expected.size(); ++step) {
    EXPECT_EQ(of_64[step], std::vector<uint64_t>(expected[step].begin(), expected[step].begin() + 64)) << step;
    EXPECT_EQ(of_one[step][0], expected[step][0]) << step;
  }
}

TEST_P(WorldsDeterminism, DependsOnTheSeedAndOnTheActions) {
  WorldsOptions options = GetParam().options(2);
  Worlds worlds(GetParam().game, options), other_actions(GetParam().game, options);
  options.seeds = {1001};
  Worlds other_seed(GetParam().game, options);
  step_randomly(worlds, 0, 5);
  step_randomly(other_actions, 5, 5);
  step_randomly(other_seed, 0, 5);
  for (size_t world = 0; world < 2; ++world) {
    EXPECT_NE(worlds.hashes()[world], other_actions.hashes()[world]);
    EXPECT_NE(worlds.hashes()[world], other_seed.hashes()[world]);
  }
}

// The tests above would be green for nothing if no episode ended.
TEST_P(WorldsDeterminism, IsSeenOverEpisodesThatEndInEachWay) {
  Worlds worlds(GetParam().game, GetParam().options(67));
  int64_t terminated = 0, truncated = 0;
  for (int64_t step = 0; step < 60; ++step) {
    step_randomly(worlds, step, 1);
    for (const uint8_t flag : values_of<uint8_t>(worlds, "terminated")) terminated += flag;
    for (const uint8_t flag : values_of<uint8_t>(worlds, "truncated")) truncated += flag;
  }
  EXPECT_GT(truncated, 10);
  EXPECT_EQ(terminated > 5, GetParam().game != std::string(pendulum)) << terminated;
}

// Each line: game, precision, autoreset, steps taken, and the digest of eight worlds' hashes.
std::string recorded_hashes() {
  std::ifstream file(TEST_DATA_DIR "/worlds/hashes.txt");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(WorldsHashes, AreThoseThatWereRecorded) {
  std::string lines;
  for (const Case &one : all_cases()) {
    Worlds worlds(one.game, one.options(8));
    int64_t done = 0;
    for (const int64_t steps : {0, 1, 10, 100, 1000}) {
      step_randomly(worlds, done, steps - done);
      done = steps;
      std::ostringstream line;
      line << one.name() << ' ' << steps << ' ' << std::hex << digest(worlds.hashes()) << '\n';
      lines += line.str();
    }
  }
  EXPECT_EQ(lines, recorded_hashes()) << "if that is meant, the lines are:\n" << lines;
}

}  // namespace
}  // namespace penstock::core
