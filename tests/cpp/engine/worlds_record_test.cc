// Recordings of worlds: what is in them, and that they replay however they were made.
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "child_process.h"
#include "core/base/error.h"
#include "core/worlds/replay.h"
#include "core/worlds/worlds.h"
#include "recording_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void expect_same(const ReplayReport &report, int64_t steps) {
  EXPECT_FALSE(report.difference.has_value()) << "step " << report.difference->step << ", world "
                                              << report.difference->world << ", field " << report.difference->field;
  EXPECT_EQ(report.steps, steps);
  EXPECT_TRUE(report.is_complete);
}

std::string recording_of(const std::string &path, Worlds &worlds, int64_t steps) {
  worlds.start_recording(path);
  play(worlds, 0, steps);
  worlds.stop_recording();
  return read_bytes(path);
}

std::vector<EventKind> kinds_of(const std::string &recording) {
  std::vector<EventKind> kinds;
  for (const EventPlace &event : events_of(recording)) kinds.push_back(event.kind);
  return kinds;
}

TEST(WorldsRecord, EveryGameReplaysInEveryMode) {
  const TemporaryFolder folder;
  for (const std::string_view game : game_names())
    for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::same_step, Autoreset::disabled})
      for (const Precision precision : {Precision::float32, Precision::float64})
        for (const Randomness randomness : {Randomness::counter, Randomness::gymnasium}) {
          const bool is_own = game == "EscapeRoom" || game == "GridWorld";  // they know neither
          if (is_own && (precision == Precision::float64 || randomness == Randomness::gymnasium)) continue;
          WorldsOptions options = options_of(9);
          options.autoreset = autoreset;
          options.episode_length = 20;
          options.game.precision = precision;
          options.game.randomness = randomness;
          Worlds worlds(game, options);
          recording_of(folder.path("run.psr"), worlds, 50);
          const ReplayReport report = replay_recording(folder.path("run.psr"), {});
          expect_same(report, 50);
          EXPECT_EQ(report.game, game);
          EXPECT_EQ(report.num_worlds, 9);
          EXPECT_EQ(report.follows_libm, precision == Precision::float64 && randomness == Randomness::gymnasium);
        }
}

TEST(WorldsRecord, TheFileIsTheSameWhateverThreadsKernelAndBuffers) {
  const TemporaryFolder folder;
  const auto recording = [&](int32_t threads, int32_t buffers, WorldsKernel kernel) {
    WorldsOptions options = options_of(5000);
    options.threads = threads;
    options.buffers = buffers;
    options.game.kernel = kernel;
    Worlds worlds("CartPole-v1", options);
    return recording_of(folder.path("run.psr"), worlds, 12);
  };
  const std::string first = recording(0, 1, WorldsKernel::automatic);
  EXPECT_EQ(first, recording(1, 1, WorldsKernel::scalar));
  EXPECT_EQ(first, recording(3, 2, WorldsKernel::bytes_16));
}

TEST(WorldsRecord, ReplayIsTheSameWhateverThreadsKernelAndBuffers) {
  const TemporaryFolder folder;
  WorldsOptions options = options_of(5000);
  options.buffers = 2;
  Worlds worlds("CartPole-v1", options);
  recording_of(folder.path("run.psr"), worlds, 12);
  for (const int32_t threads : {0, 1, 3})
    for (const int32_t buffers : {1, 2})
      for (const WorldsKernel kernel : {WorldsKernel::scalar, WorldsKernel::bytes_16})
        expect_same(replay_recording(folder.path("run.psr"), {threads, buffers, kernel, {}}), 12);
}

TEST(WorldsRecord, BeginsAtAnyStep) {
  const TemporaryFolder folder;
  WorldsOptions options = options_of(7);
  options.buffers = 2;
  Worlds worlds("Acrobot-v1", options);
  play(worlds, 0, 33);
  worlds.start_recording(folder.path("run.psr"));
  play(worlds, 33, 50);
  worlds.stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 17);
}

TEST(WorldsRecord, HasAllThatIsDoneToTheWorlds) {
  const TemporaryFolder folder;
  Worlds worlds("Pendulum-v1", options_of(11));
  Worlds others("Pendulum-v1", options_of(40, 77));
  play(others, 0, 9);
  worlds.start_recording(folder.path("run.psr"));
  play(worlds, 0, 3);
  const bool mask[11] = {true, false, false, true, false, false, false, false, false, true, true};
  worlds.reset(mask);
  worlds.reset(mask, std::vector<uint64_t>{500});
  worlds.reset({}, std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  play(worlds, 3, 5);
  worlds.reset({});
  worlds.set_state(4, std::vector<double>{0.25, -0.5});
  worlds.restore(others.snapshot(), std::vector<int64_t>{39, 39, 2}, std::vector<int64_t>{10, 0, 5});
  play(worlds, 5, 8);
  worlds.restore(worlds.snapshot(), {}, {});
  worlds.set_parameter("g", 3.5);
  play(worlds, 8, 12);
  worlds.stop_recording();
  using enum EventKind;
  EXPECT_THAT(kinds_of(read_bytes(folder.path("run.psr"))),
              ElementsAre(step, step, step, EventKind::reset, EventKind::reset, EventKind::reset, step, step,
                          EventKind::reset, set_state, EventKind::restore, step, step, step, EventKind::restore,
                          set_parameter, step, step, step, step, end));
  expect_same(replay_recording(folder.path("run.psr"), {}), 12);
}

TEST(WorldsRecord, HasTheParametersThatWereGiven) {
  const TemporaryFolder folder;
  WorldsOptions options = options_of(3);
  options.parameters = {{"g", 4.25}};
  Worlds worlds("Pendulum-v1", options);
  recording_of(folder.path("run.psr"), worlds, 5);
  expect_same(replay_recording(folder.path("run.psr"), {}), 5);
}

TEST(WorldsRecord, HasStepsThatRunInTheBackground) {
  const TemporaryFolder folder;
  WorldsOptions options = options_of(64);
  options.buffers = 2;
  Worlds worlds("MountainCar-v0", options);
  worlds.start_recording(folder.path("run.psr"));
  for (int64_t step = 0; step < 20; ++step) {
    write_actions(worlds, step);
    worlds.step_async();
    expect_failure(Status::invalid_argument, {"wait"}, [&] { worlds.stop_recording(); });
    worlds.wait();
  }
  worlds.stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 20);
}

TEST(WorldsRecord, LeavesOutAStepThatWasRefused) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(4));
  worlds.start_recording(folder.path("run.psr"));
  play(worlds, 0, 2);
  reinterpret_cast<int32_t *>(worlds.tensor("action").data)[3] = 2;
  EXPECT_THROW(worlds.step(), Error);
  play(worlds, 2, 3);
  worlds.stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 3);
}

TEST(WorldsRecord, HasActionsOfAnyBitsInWorldsThatDoNotLookAtThem) {
  const TemporaryFolder folder;
  WorldsOptions options = options_of(3);
  options.autoreset = Autoreset::next_step;
  options.episode_length = 1;
  Worlds worlds("CartPole-v1", options);
  worlds.start_recording(folder.path("run.psr"));
  play(worlds, 0, 1);
  reinterpret_cast<int32_t *>(worlds.tensor("action").data)[1] = -77;
  worlds.step();
  worlds.stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 2);
}

TEST(WorldsRecord, HasActionsThatWereClamped) {
  const TemporaryFolder folder;
  WorldsOptions options = options_of(3);
  options.actions = ActionRule::clamp;
  Worlds worlds("Pendulum-v1", options);
  worlds.start_recording(folder.path("run.psr"));
  play(worlds, 0, 2);
  auto *actions = reinterpret_cast<float *>(worlds.tensor("action").data);
  actions[0] = std::numeric_limits<float>::quiet_NaN();
  actions[2] = std::numeric_limits<float>::infinity();
  worlds.step();
  worlds.stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 3);
}

TEST(WorldsRecord, ReplaysWorldsThatWereTakenOut) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(6));
  worlds.start_recording(folder.path("run.psr"));
  worlds.set_state(2, std::vector<double>{0, std::numeric_limits<double>::quiet_NaN(), 0, 0});
  play(worlds, 0, 4);
  worlds.stop_recording();
  EXPECT_EQ(worlds.fault_count(), 1);
  expect_same(replay_recording(folder.path("run.psr"), {}), 4);
}

TEST(WorldsRecord, AStepTakesABitForAnActionAndEightBytesForAHash) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(4096));
  const std::string recording = recording_of(folder.path("run.psr"), worlds, 3);
  const size_t fields = static_cast<size_t>(worlds.tensor_count());
  for (const EventPlace &step : events_of(recording, EventKind::step))
    EXPECT_EQ(step.payload_size, 4096 / 8 + 4096 * 8 + fields * 8);
}

TEST(WorldsRecord, WhatIsThereCanBeReplayedWhileItGoesOn) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(4));
  worlds.start_recording(folder.path("run.psr"));
  for (int64_t step = 0; step < 4; ++step) {
    const ReplayReport report = replay_recording(folder.path("run.psr"), {});
    EXPECT_EQ(report.steps, step);
    EXPECT_FALSE(report.is_complete);
    EXPECT_FALSE(report.difference.has_value());
    play(worlds, step, step + 1);
  }
}

TEST(WorldsRecord, IsEndedByTheEndOfTheWorlds) {
  const TemporaryFolder folder;
  {
    Worlds worlds("CartPole-v1", options_of(4));
    worlds.start_recording(folder.path("run.psr"));
    play(worlds, 0, 5);
    write_actions(worlds, 5);
    worlds.step_async();
  }
  expect_same(replay_recording(folder.path("run.psr"), {}), 6);
}

TEST(WorldsRecord, StoppingWhereThereIsNoneDoesNothing) {
  Worlds worlds("CartPole-v1", options_of(1));
  worlds.stop_recording();
  EXPECT_EQ(worlds.step_count(), 0);
}

TEST(WorldsRecord, WorldsAreRecordedOnceAtATime) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(1));
  worlds.start_recording(folder.path("run.psr"));
  expect_failure(Status::invalid_argument, {"run.psr", "already"},
                 [&] { worlds.start_recording(folder.path("other.psr")); });
  EXPECT_THAT(folder.names(), ElementsAre("run.psr"));
  worlds.stop_recording();
  worlds.start_recording(folder.path("other.psr"));
}

TEST(WorldsRecord, AFileHasOneRecordingAtATime) {
  const TemporaryFolder folder;
  Worlds first("CartPole-v1", options_of(1)), second("CartPole-v1", options_of(1));
  first.start_recording(folder.path("run.psr"));
  play(first, 0, 3);
  expect_failure(Status::io_error, {"run.psr", "being written already"},
                 [&] { second.start_recording(folder.path("run.psr")); });
  first.stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 3);
  second.start_recording(folder.path("run.psr"));
}

TEST(WorldsRecord, APathThatCannotBeWrittenIsNamed) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(1));
  expect_failure(Status::not_found, {"missing/run.psr"},
                 [&] { worlds.start_recording(folder.path("missing/run.psr")); });
  expect_failure(Status::io_error, {folder.path("")}, [&] { worlds.start_recording(folder.path("")); });
  expect_failure(Status::io_error, {"/dev/null", "not a regular file"}, [&] { worlds.start_recording("/dev/null"); });
  worlds.start_recording(folder.path("run.psr"));  // none of them has left a recording behind
}

// A limit on the size of files stands for a disk that is full.
TEST(WorldsRecord, AStepThatCannotBeWrittenSaysSoAndEndsTheRecordingBeforeIt) {
  const TemporaryFolder folder;
  const std::string path = folder.path("run.psr");
  EXPECT_EQ(child_result([&] {
              signal(SIGXFSZ, SIG_IGN);
              Worlds worlds("CartPole-v1", options_of(100));
              worlds.start_recording(path);
              play(worlds, 0, 5);
              const rlimit limit{read_bytes(path).size() + 100, RLIM_INFINITY};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              const Error failure = failure_of([&] { play(worlds, 5, 6); });
              EXPECT_EQ(failure.status(), Status::io_error);
              EXPECT_THAT(failure.sentence(), HasSubstr("the step was done, but could not be recorded"));
              EXPECT_THAT(failure.sentence(), HasSubstr("run.psr"));
              EXPECT_THAT(failure.sentence(), HasSubstr("File too large"));
              EXPECT_THAT(failure.sentence(), HasSubstr("after 5 steps"));
              EXPECT_EQ(worlds.step_count(), 6);
              play(worlds, 6, 9);  // no longer recorded
              const Error at_the_end = failure_of([&] { worlds.stop_recording(); });
              EXPECT_EQ(at_the_end.sentence(), failure.sentence());
              worlds.stop_recording();
              return ::testing::Test::HasFailure() ? 2 : 0;
            }),
            0);
  const ReplayReport report = replay_recording(path, {});
  EXPECT_EQ(report.steps, 5);
  EXPECT_FALSE(report.is_complete);
  EXPECT_FALSE(report.difference.has_value());
}

TEST(WorldsRecord, AStepInTheBackgroundThatCannotBeWrittenIsToldByWait) {
  const TemporaryFolder folder;
  EXPECT_EQ(child_result([&] {
              signal(SIGXFSZ, SIG_IGN);
              Worlds worlds("CartPole-v1", options_of(100));
              worlds.start_recording(folder.path("run.psr"));
              const rlimit limit{1000, RLIM_INFINITY};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              worlds.step_async();
              const Error failure = failure_of([&] { worlds.wait(); });
              return failure.status() == Status::io_error ? 0 : 2;
            }),
            0);
}

TEST(WorldsRecord, AForkedChildWritesNothingIntoIt) {
  const TemporaryFolder folder;
  auto worlds = std::make_unique<Worlds>("CartPole-v1", options_of(4));
  worlds->start_recording(folder.path("run.psr"));
  play(*worlds, 0, 3);
  EXPECT_EQ(child_result([&] {
              play(*worlds, 3, 10);
              worlds.reset();
              return 0;
            }),
            0);
  play(*worlds, 3, 5);
  worlds->stop_recording();
  expect_same(replay_recording(folder.path("run.psr"), {}), 5);
}

// Made by a release build of GCC 12 on x86-64; this is whatever build this is.
TEST(Replay, OfRecordingsThatAnotherBuildMadeComesOutTheSame) {
  for (const char *name : {"packed_actions", "float_actions", "every_event"})
    expect_same(replay_recording(text(TEST_DATA_DIR "/worlds/recordings/", name, ".psr"), {}), 3);
}

TEST(Replay, ReportsProgressInBytesOfTheFile) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(4));
  const std::string recording = recording_of(folder.path("run.psr"), worlds, 5);
  ProgressRecord record;
  replay_recording(folder.path("run.psr"), {0, 1, WorldsKernel::automatic, record.progress()});
  EXPECT_EQ(record.total, recording.size());
  EXPECT_EQ(record.done.size(), 6U);
  EXPECT_EQ(record.done.back(), recording.size());
  EXPECT_TRUE(std::is_sorted(record.done.begin(), record.done.end()));
}

TEST(Replay, IsCancelledByItsProgress) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(4));
  recording_of(folder.path("run.psr"), worlds, 5);
  ProgressRecord record;
  record.stop_at = 2;
  expect_failure(Status::cancelled, {"cancelled"}, [&] {
    replay_recording(folder.path("run.psr"), {0, 1, WorldsKernel::automatic, record.progress()});
  });
}

TEST(Replay, RefusesOptionsThatCannotBeHad) {
  const TemporaryFolder folder;
  Worlds worlds("CartPole-v1", options_of(4));
  recording_of(folder.path("run.psr"), worlds, 5);
  expect_failure(Status::out_of_range, {"threads", "-1"}, [&] {
    replay_recording(folder.path("run.psr"), {-1, 1, {}, {}});
  });
  expect_failure(Status::out_of_range, {"buffers", "3"}, [&] {
    replay_recording(folder.path("run.psr"), {0, 3, {}, {}});
  });
  expect_failure(Status::not_found, {"missing.psr"}, [&] { replay_recording(folder.path("missing.psr"), {}); });
  expect_failure(Status::io_error, {}, [&] { replay_recording(folder.path(""), {}); });
}

}  // namespace
}  // namespace penstock::core
