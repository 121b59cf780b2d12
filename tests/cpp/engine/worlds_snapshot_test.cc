// Worlds kept as bytes and brought back, anywhere: they go on as if nothing had been; and bytes that are not worlds are
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "core/base/snapshot.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Bytes = std::vector<std::byte>;

// The options of every game in every form that a snapshot is told apart by.
std::vector<std::pair<const char *, WorldsOptions>> all_forms(int64_t num_worlds) {
  std::vector<std::pair<const char *, WorldsOptions>> forms;
  for (const char *game : all_games)
    for (const Precision precision : both_precisions)
      for (const Randomness randomness : {Randomness::counter, Randomness::gymnasium}) {
        WorldsOptions options = lively_options(game, num_worlds);
        options.game.precision = precision;
        options.game.randomness = randomness;
        forms.emplace_back(game, options);
      }
  return forms;
}

// 60 steps with a snapshot after each: each is brought back into other worlds, which then take the steps that remain.
TEST(WorldsSnapshot, GoesOnFromAnyStepAsIfNothingHadBeen) {
  constexpr int64_t steps = 60;
  for (auto [game, options] : all_forms(5))
    for (const Autoreset autoreset : all_autoresets) {
      options.autoreset = autoreset;
      options.buffers = autoreset == Autoreset::next_step ? 2 : 1;
      Worlds worlds(game, options), restored(game, options);
      std::vector<Bytes> snapshots = {worlds.snapshot()};
      for (int64_t step = 0; step < steps; ++step) {
        step_randomly(worlds, step, 1);
        snapshots.push_back(worlds.snapshot());
      }
      for (int64_t step = steps; step >= 0; step -= 7) {
        restored.restore(snapshots[static_cast<size_t>(step)], {}, {});
        EXPECT_EQ(restored.snapshot(), snapshots[static_cast<size_t>(step)]);
        step_randomly(restored, step, steps - step);
        EXPECT_EQ(restored.hashes(), worlds.hashes()) << game << ' ' << name_of(autoreset) << ", from step " << step;
      }
    }
}

// Actions go by place here: world 9 does what world 3 does when it is given world 3's.
void step_with_actions_of(Worlds &worlds, int64_t target, const Worlds &original, int64_t source) {
  const Tensor to = worlds.tensor("action"), from = original.tensor("action");
  const int64_t bytes = dtype_size(to.dtype);
  std::copy_n(from.data + source * bytes, bytes, to.data + target * bytes);
  worlds.step();
}

TEST(WorldsSnapshot, PutsAWorldIntoAnotherPlaceOfAnotherNumberOfWorlds) {
  for (auto [game, options] : all_forms(5)) {
    Worlds original(game, options);
    step_randomly(original, 0, 31);
    options.num_worlds = 12;
    options.seeds = {5};
    options.buffers = 2;
    options.threads = 2;
    Worlds worlds(game, options);
    step_randomly(worlds, 0, 4);
    std::vector<uint64_t> expected = worlds.hashes();
    const std::vector<int64_t> from = {3, 3, 0}, to = {9, 0, 4};
    worlds.restore(original.snapshot(), from, to);
    for (size_t index = 0; index < from.size(); ++index)
      expected[static_cast<size_t>(to[index])] = original.hashes()[static_cast<size_t>(from[index])];
    EXPECT_EQ(worlds.hashes(), expected) << game;
    for (int64_t step = 31; step < 60; ++step) {
      step_randomly(original, step, 1);
      step_with_actions_of(worlds, 9, original, 3);
      ASSERT_EQ(worlds.hashes()[9], original.hashes()[3]) << game << ", step " << step;
    }
    EXPECT_EQ(worlds.seed_of(9), 1003u);
    EXPECT_EQ(worlds.episode_of(9), original.episode_of(3));
  }
}

// In the midst of an episode the mode does not show.
TEST(WorldsSnapshot, GoesOnAmongWorldsOfAnotherModeUntilTheEpisodeEnds) {
  for (const char *game : all_games)
    for (const Autoreset from : all_autoresets)
      for (const Autoreset to : all_autoresets) {
        WorldsOptions options = lively_options(game, 1);
        options.parameters = {};
        options.episode_length = 9;
        options.autoreset = from;
        Worlds original(game, options);
        options.autoreset = to;
        Worlds worlds(game, options);
        step_randomly(original, 0, 4);
        worlds.restore(original.snapshot(), {}, {});
        EXPECT_EQ(hashes_along(worlds, 4, 4), hashes_along(original, 4, 4))
            << game << ' ' << name_of(from) << " to " << name_of(to);
      }
}

// A snapshot right after the step that ended the first episode.
Bytes snapshot_of_the_end(Worlds &worlds) {
  step_randomly(worlds, 0, worlds.episode_length());
  EXPECT_THAT(values_of<uint8_t>(worlds, "truncated"), ElementsAre(1));
  return worlds.snapshot();
}

class WorldsSnapshotOfAnEnd : public ::testing::Test {
 protected:
  static WorldsOptions options(Autoreset autoreset) {
    WorldsOptions options = lively_options(pendulum, 1);
    options.episode_length = 3;
    options.autoreset = autoreset;
    return options;
  }
};

TEST_F(WorldsSnapshotOfAnEnd, WithSameStepIsTheNextEpisodesStartInEveryMode) {
  Worlds original(pendulum, options(Autoreset::same_step));
  const Bytes snapshot = snapshot_of_the_end(original);
  for (const Autoreset autoreset : all_autoresets) {
    Worlds worlds(pendulum, options(autoreset));
    worlds.restore(snapshot, {}, {});
    original.restore(snapshot, {}, {});
    EXPECT_EQ(worlds.hashes(), original.hashes());
    EXPECT_EQ(hashes_along(worlds, 3, 2), hashes_along(original, 3, 2)) << name_of(autoreset);
    EXPECT_THAT(values_of<int32_t>(worlds, "steps"), ElementsAre(2)) << name_of(autoreset);
    EXPECT_EQ(worlds.episode_of(0), 1u);
  }
}

TEST_F(WorldsSnapshotOfAnEnd, WithNextStepIsResetByTheNextStepThereAndAmongThoseOfSameStep) {
  Worlds original(pendulum, options(Autoreset::next_step));
  const Bytes snapshot = snapshot_of_the_end(original);
  step_randomly(original, 3, 2);
  for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::same_step}) {
    Worlds worlds(pendulum, options(autoreset));
    worlds.restore(snapshot, {}, {});
    step_randomly(worlds, 3, 2);
    EXPECT_EQ(worlds.hashes(), original.hashes()) << name_of(autoreset);
  }
}

TEST_F(WorldsSnapshotOfAnEnd, StandsStillAmongThoseThatAreNotReset) {
  for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::disabled}) {
    Worlds original(pendulum, options(autoreset));
    const Bytes snapshot = snapshot_of_the_end(original);
    const std::vector<double> state = state_of(original, 0);
    Worlds worlds(pendulum, options(Autoreset::disabled));
    worlds.restore(snapshot, {}, {});
    step_randomly(worlds, 3, 4);
    EXPECT_EQ(state_of(worlds, 0), state);
    EXPECT_THAT(values_of<uint8_t>(worlds, "truncated"), ElementsAre(1));
  }
}

// --- What is refused

// Nothing but the refusal happens.
void expect_refusal(Worlds &worlds, const Bytes &snapshot, Status status,
                    const ::testing::Matcher<std::string> &sentence, const std::vector<int64_t> &from = {},
                    const std::vector<int64_t> &to = {}) {
  const std::vector<uint64_t> before = worlds.hashes();
  expect_failure(status, sentence, [&] { worlds.restore(snapshot, from, to); });
  EXPECT_EQ(worlds.hashes(), before);
}

TEST(WorldsSnapshot, OfOtherWorldsIsRefused) {
  const std::vector<std::pair<const char *, WorldsOptions>> forms = all_forms(2);
  for (size_t one = 0; one < forms.size(); ++one)
    for (size_t other = 0; other < forms.size(); ++other) {
      if (one == other) continue;
      Worlds worlds(forms[one].first, forms[one].second);
      const Worlds foreign(forms[other].first, forms[other].second);
      expect_refusal(worlds, foreign.snapshot(), Status::data_error, HasSubstr("layout"));
    }
}

TEST(WorldsSnapshot, WithOtherParametersIsRefused) {
  WorldsOptions options = lively_options(pendulum, 2);
  Worlds worlds(pendulum, options);
  options.parameters = {{"g", 9.81}};
  expect_refusal(worlds, Worlds(pendulum, options).snapshot(), Status::invalid_argument,
                 AllOf(HasSubstr("g=9.81"), HasSubstr("10")));
}

TEST(WorldsSnapshot, OfAnotherNumberOfWorldsIsRefusedUnlessPlacesAreGiven) {
  Worlds worlds(pendulum, lively_options(pendulum, 2));
  const Bytes three = Worlds(pendulum, lively_options(pendulum, 3)).snapshot();
  expect_refusal(worlds, three, Status::invalid_argument, AllOf(HasSubstr("3 worlds"), HasSubstr("2")));
  expect_refusal(worlds, three, Status::out_of_range, HasSubstr("world 3"), {3}, {0});
  expect_refusal(worlds, three, Status::out_of_range, HasSubstr("world 2"), {0}, {2});
  expect_refusal(worlds, three, Status::out_of_range, HasSubstr("world -1"), {-1}, {0});
  expect_refusal(worlds, three, Status::out_of_range, HasSubstr("world -1"), {0}, {-1});
  expect_refusal(worlds, three, Status::invalid_argument, HasSubstr("world 1"), {0, 2}, {1, 1});
  expect_refusal(worlds, three, Status::invalid_argument, HasSubstr("expected as many"), {0, 2}, {1});
}

TEST(WorldsSnapshot, CutAtAnyByteIsRefused) {
  Worlds worlds(mountain_car, lively_options(mountain_car, 1));
  const Bytes whole = worlds.snapshot();
  for (size_t size = 0; size < whole.size(); ++size)
    expect_refusal(worlds, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), Status::data_error,
                   HasSubstr(""));
}

TEST(WorldsSnapshot, DamagedInAnyByteIsRefused) {
  Worlds worlds(mountain_car, lively_options(mountain_car, 1));
  const Bytes whole = worlds.snapshot();
  for (size_t at = 0; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= std::byte{0x10};
    expect_refusal(worlds, damaged, Status::data_error, HasSubstr(""));
  }
}

// What passes the checksum by design is either refused, or taken as worlds that can be stepped.
TEST(WorldsSnapshot, ForgedInAnyByteIsRefusedOrSafe) {
  for (const Autoreset autoreset : all_autoresets) {
    WorldsOptions options = lively_options(mountain_car, 1);
    options.autoreset = autoreset;
    options.game.randomness = Randomness::gymnasium;
    Worlds worlds(mountain_car, options);
    step_randomly(worlds, 0, 2);
    const Bytes whole = worlds.snapshot();
    int64_t refused = 0;
    for (size_t at = 0; at < whole.size(); ++at)
      for (const std::byte flipped : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
        Bytes forged = whole;
        forged[at] ^= flipped;
        seal_snapshot(forged);
        const std::vector<uint64_t> before = worlds.hashes();
        try {
          worlds.restore(forged, {}, {});
          write_random_actions(worlds, 0);
          worlds.step();
          worlds.step();
        } catch (const Error &error) {
          ++refused;
          EXPECT_THAT(error.status(), ::testing::AnyOf(Status::data_error, Status::invalid_argument))
              << error.sentence();
          EXPECT_EQ(worlds.hashes(), before);
        }
      }
    EXPECT_GT(refused, 500);
  }
}

// A snapshot put together anew with one section changed, or left out where change gives nothing.
template <typename Change>
Bytes with_section(const Bytes &snapshot, const std::string &name, Change change) {
  uint64_t layout = 0;
  std::memcpy(&layout, snapshot.data() + 16, sizeof(layout));
  const SnapshotReader reader = SnapshotReader::open(snapshot, "worlds", 1, layout);
  SnapshotWriter writer("worlds", 1, layout);
  bool found = false;
  for (const SnapshotReader::Section &section : reader.sections()) {
    Bytes bytes(section.bytes.begin(), section.bytes.end());
    found |= section.name == name;
    if (section.name != name || change(bytes)) writer.add(section.name, bytes);
  }
  EXPECT_TRUE(found) << name;
  return writer.finish();
}

TEST(WorldsSnapshot, WithoutAnyOfItsSectionsIsRefused) {
  Worlds worlds(cart_pole, lively_options(cart_pole, 2));
  const Bytes snapshot = worlds.snapshot();
  for (const char *name : {"parameters", "seeds", "episodes", "generators", "field:action", "field:state",
                           "field:steps", "field:final_observation"})
    expect_refusal(worlds, with_section(snapshot, name, [](Bytes &) { return false; }), Status::data_error,
                   HasSubstr(name));
}

TEST(WorldsSnapshot, WithASectionOfAnotherSizeIsRefused) {
  Worlds worlds(cart_pole, lively_options(cart_pole, 2));
  const Bytes snapshot = worlds.snapshot();
  for (const char *name : {"parameters", "seeds", "episodes", "generators", "field:reward", "field:state"})
    for (const size_t more : {1, 8, 16})
      expect_refusal(worlds,
                     with_section(snapshot, name,
                                  [&](Bytes &bytes) {
                                    bytes.insert(bytes.end(), more, std::byte{});
                                    return true;
                                  }),
                     Status::data_error, HasSubstr("bytes"));
}

TEST(WorldsSnapshot, WithValuesThatNoWorldHasIsRefused) {
  Worlds worlds(cart_pole, lively_options(cart_pole, 2));
  const Bytes snapshot = worlds.snapshot();
  const auto second = [](auto value) {
    return [value](Bytes &bytes) {
      std::memcpy(bytes.data() + bytes.size() / 2, &value, sizeof(value));
      return true;
    };
  };
  for (const char *name : {"field:terminated", "field:truncated"})
    expect_refusal(worlds, with_section(snapshot, name, second(uint8_t{2})), Status::data_error,
                   AllOf(HasSubstr(std::string(name).substr(6)), HasSubstr("byte 2")));
  for (const int32_t steps : {-1, INT32_MIN, INT32_MAX})
    expect_refusal(worlds, with_section(snapshot, "field:steps", second(steps)), Status::data_error,
                   AllOf(HasSubstr("steps"), HasSubstr(std::to_string(steps))));
}

// The fuzzer's corpus keeps what its names say: those that begin with "valid" are restored.
TEST(WorldsSnapshot, IsRestoredFromTheValidFilesOfTheCorpusAndNoOther) {
  WorldsOptions options;
  options.num_worlds = 2;
  options.game.randomness = Randomness::gymnasium;
  int64_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(TEST_DATA_DIR "/../fuzz/corpus/worlds")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    Worlds worlds(mountain_car_continuous, options);
    bool restored = true;
    try {
      worlds.restore(std::as_bytes(std::span(content)), {}, {});
    } catch (const Error &) {
      restored = false;
    }
    const std::string name = entry.path().filename();
    EXPECT_EQ(restored, name.rfind("valid", 0) == 0) << name;
    ++files;
  }
  EXPECT_GE(files, 41);
}

TEST(WorldsSnapshot, WithAStateThatIsNotFiniteIsQuarantinedByTheNextStep) {
  for (const char *game : all_games) {
    Worlds worlds(game, lively_options(game, 2));
    for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
      for (int64_t index = 0; index < worlds.game().state_count(); ++index) {
        const int64_t before = worlds.fault_count();
        worlds.restore(with_section(worlds.snapshot(), "field:state",
                                    [&](Bytes &bytes) {
                                      const int64_t at = (worlds.game().state_count() + index) * 4;
                                      std::memcpy(bytes.data() + at, &value, sizeof(value));
                                      return true;
                                    }),
                       {}, {});
        worlds.step();
        EXPECT_EQ(worlds.fault_count(), before + 1) << game << ", number " << index;
        EXPECT_EQ(worlds.faults().back().world, 1);
      }
  }
}

}  // namespace
}  // namespace penstock::core
