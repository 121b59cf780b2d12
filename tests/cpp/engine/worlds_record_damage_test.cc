// Recordings that were changed: each change is refused with its place, or the replay names what differs; none is a
// crash, and none is called the same.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/snapshot.h"
#include "core/worlds/replay.h"
#include "core/worlds/worlds.h"
#include "recording_testing.h"

namespace penstock::core {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// A recording in memory, and what comes of one that was changed.
class DamagedRecording : public ::testing::Test {
 protected:
  void record(std::string_view game, int64_t num_worlds, int64_t steps) {
    Worlds worlds(game, options_of(num_worlds));
    num_tensors_ = static_cast<size_t>(worlds.tensor_count());
    num_worlds_ = static_cast<size_t>(num_worlds);
    worlds.start_recording(path_);
    play(worlds, 0, steps);
    worlds.stop_recording();
    recording_ = read_bytes(path_);
    steps_ = events_of(recording_, EventKind::step);
  }

  ReplayReport replay(const std::string &changed) const {
    write_bytes(path_, changed);
    return replay_recording(path_, {});
  }

  // The sentence it is refused with; "" where it is not.
  std::string refusal(const std::string &changed) const {
    const Error failure = failure_of([&] {
      const ReplayReport report = replay(changed);
      EXPECT_TRUE(report.difference.has_value()) << "called the same";
    });
    EXPECT_THAT(failure.status(), AnyOf(Status::ok, Status::data_error)) << failure.sentence();
    return failure.status() == Status::ok ? "" : failure.sentence();
  }

  std::string flipped(size_t at, uint8_t bits) const {
    std::string changed = recording_;
    changed[at] = static_cast<char>(static_cast<uint8_t>(changed[at]) ^ bits);
    return changed;
  }

  // Changed by someone who knows the format: every checksum fits again.
  static std::string sealed(std::string changed) {
    seal_recording(writable_bytes(changed));
    return changed;
  }

  size_t mark_of(const EventPlace &step, size_t world) const {
    return step.payload + step.payload_size - (num_worlds_ + num_tensors_ - world) * 8;
  }
  size_t hash_of_tensor(const EventPlace &step, size_t index) const { return mark_of(step, num_worlds_) + index * 8; }

  TemporaryFolder folder_;
  std::string path_ = folder_.path("run.psr"), recording_;
  std::vector<EventPlace> steps_;
  size_t num_tensors_ = 0, num_worlds_ = 0;
};

TEST_F(DamagedRecording, SealingAWholeOneChangesNothing) {
  record("CartPole-v1", 16, 6);
  EXPECT_EQ(sealed(recording_), recording_);
}

TEST_F(DamagedRecording, IsRefusedWhicheverByteIsChanged) {
  record("CartPole-v1", 16, 6);
  for (size_t at = 0; at < recording_.size(); ++at) {
    const auto bits = static_cast<uint8_t>(1 + uniform_below({5, 5}, at, 255));
    EXPECT_NE(refusal(flipped(at, bits)), "") << "byte " << at << " of " << recording_.size();
  }
}

TEST_F(DamagedRecording, AByteChangedInAStepNamesTheStep) {
  record("Acrobot-v1", 16, 6);
  for (size_t step = 0; step < steps_.size(); ++step)
    for (size_t at = steps_[step].payload; at < steps_[step].payload + steps_[step].payload_size + checksum_size; ++at)
      EXPECT_THAT(refusal(flipped(at, 0x40)), HasSubstr(text("step ", step, " (byte ")));
}

TEST_F(DamagedRecording, AByteChangedInTheHashOfAWorldNamesStepAndWorld) {
  record("CartPole-v1", 16, 6);
  for (size_t step = 0; step < steps_.size(); ++step)
    for (size_t world = 0; world < num_worlds_; ++world)
      for (size_t byte = 0; byte < 8; ++byte) {
        const std::string sentence = refusal(flipped(mark_of(steps_[step], world) + byte, 0x08));
        EXPECT_THAT(sentence, HasSubstr(text("step ", step, " (byte ")));
        EXPECT_TRUE(sentence.ends_with(text("world ", world))) << sentence;
      }
}

TEST_F(DamagedRecording, AByteChangedInAnActionNamesStepAndWorld) {
  record("Pendulum-v1", 16, 6);
  for (size_t step = 0; step < steps_.size(); ++step)
    for (size_t world = 0; world < num_worlds_; ++world)
      for (size_t byte = 0; byte < 4; ++byte)
        for (const uint8_t bits : {0x01, 0x80, 0xFF}) {
          const std::string sentence = refusal(flipped(steps_[step].payload + world * 4 + byte, bits));
          EXPECT_THAT(sentence, HasSubstr(text("step ", step, " (byte ")));
          EXPECT_THAT(sentence, AnyOf(HasSubstr(text("the first world that does not fit is world ", world, ";")),
                                      HasSubstr(text("the action of world ", world, " is "))));
        }
}

TEST_F(DamagedRecording, ABitChangedInAPackedActionNamesStepAndWorld) {
  record("CartPole-v1", 16, 6);
  for (size_t step = 0; step < steps_.size(); ++step)
    for (size_t world = 0; world < num_worlds_; ++world) {
      const auto bit = static_cast<uint8_t>(1U << (world % 8));
      const std::string sentence = refusal(flipped(steps_[step].payload + world / 8, bit));
      EXPECT_THAT(sentence, HasSubstr(text("step ", step, " (byte ")));
      EXPECT_THAT(sentence, HasSubstr(text("the first world that does not fit is world ", world, ";")));
    }
}

TEST_F(DamagedRecording, IsReplayedAsFarAsItGoesWhereverItIsCut) {
  record("CartPole-v1", 3, 4);
  for (size_t size = 0; size < recording_.size(); ++size) {
    const std::string cut = recording_.substr(0, size);
    if (size < header_end(recording_)) {
      expect_failure(Status::data_error, {"run.psr"}, [&] { replay(cut); });
      continue;
    }
    const ReplayReport report = replay(cut);
    EXPECT_FALSE(report.is_complete || report.difference.has_value());
    const auto whole = [&](const EventPlace &step) { return step.payload + step.payload_size + checksum_size <= size; };
    EXPECT_EQ(report.steps, std::count_if(steps_.begin(), steps_.end(), whole));
  }
}

TEST_F(DamagedRecording, BytesAfterTheEndAreRefused) {
  record("CartPole-v1", 3, 4);
  EXPECT_THAT(refusal(recording_ + "x"), HasSubstr("1 bytes after the end"));
}

// ---- Changed, with checksums that fit: as a library would see it that computes otherwise ----

TEST_F(DamagedRecording, AnotherActionIsADifferenceInItsStepAndWorld) {
  record("CartPole-v1", 16, 6);
  for (size_t world = 0; world < num_worlds_; ++world) {
    std::string changed = recording_;
    changed[steps_[4].payload + world / 8] ^= static_cast<char>(1U << (world % 8));
    const ReplayReport report = replay(sealed(changed));
    ASSERT_TRUE(report.difference.has_value());
    EXPECT_EQ(report.difference->step, 4);
    EXPECT_EQ(report.difference->world, static_cast<int64_t>(world));
    EXPECT_EQ(report.difference->world_count, 1);
    EXPECT_EQ(report.difference->field, "action");
    EXPECT_EQ(report.steps, 5);
    EXPECT_FALSE(report.is_complete);
  }
}

TEST_F(DamagedRecording, AnActionWithoutEffectIsADifferenceToo) {
  WorldsOptions options = options_of(2);
  options.autoreset = Autoreset::disabled;
  options.episode_length = 1;
  Worlds worlds("CartPole-v1", options);
  worlds.start_recording(path_);
  play(worlds, 0, 3);  // from the second step on, both stand still
  worlds.stop_recording();
  std::string changed = read_bytes(path_);
  changed[events_of(changed, EventKind::step)[2].payload] ^= 0x02;
  const ReplayReport report = replay(sealed(changed));
  ASSERT_TRUE(report.difference.has_value());
  EXPECT_EQ(report.difference->step, 2);
  EXPECT_EQ(report.difference->world, 1);
  EXPECT_EQ(report.difference->field, "action");
}

TEST_F(DamagedRecording, OtherHashesAreADifferenceInTheirWorldAndTensor) {
  record("Pendulum-v1", 9, 5);
  std::string changed = recording_;
  for (const size_t world : {3, 7}) changed[mark_of(steps_[2], world)] ^= 0x01;
  changed[hash_of_tensor(steps_[2], 2)] ^= 0x01;
  const ReplayReport report = replay(sealed(changed));
  ASSERT_TRUE(report.difference.has_value());
  EXPECT_EQ(report.difference->step, 2);
  EXPECT_EQ(report.difference->world, 3);
  EXPECT_EQ(report.difference->world_count, 2);
  EXPECT_EQ(report.difference->field, "reward");
}

TEST_F(DamagedRecording, AHashOfAWorldAloneIsADifferenceInWhatIsNotShown) {
  record("Pendulum-v1", 9, 5);
  std::string changed = recording_;
  changed[mark_of(steps_[2], 8)] ^= 0x01;
  const ReplayReport report = replay(sealed(changed));
  ASSERT_TRUE(report.difference.has_value());
  EXPECT_EQ(report.difference->world, 8);
  EXPECT_EQ(report.difference->field, "");
}

TEST_F(DamagedRecording, WhatIsDoneAfterTheLastStepIsComparedAtTheEnd) {
  Worlds worlds("CartPole-v1", options_of(5));
  worlds.start_recording(path_);
  play(worlds, 0, 3);
  worlds.set_state(4, std::vector<double>{0.5, 0, 0, 0});
  worlds.stop_recording();
  recording_ = read_bytes(path_);
  std::string changed = recording_;
  changed[events_of(recording_, EventKind::set_state).at(0).payload + 8 + 6] ^= 0x01;
  const ReplayReport report = replay(sealed(changed));
  ASSERT_TRUE(report.difference.has_value());
  EXPECT_EQ(report.difference->step, 3);
  EXPECT_EQ(report.difference->world, 4);
  EXPECT_EQ(report.difference->field, "observation");
}

// ---- Forged, to do harm ----

TEST_F(DamagedRecording, ForgedBytesWithChecksumsThatFitNeverCrash) {
  Worlds worlds("CartPole-v1", options_of(10));
  Worlds others("CartPole-v1", options_of(2));
  worlds.start_recording(path_);
  play(worlds, 0, 2);
  const bool mask[10] = {true, false, true};
  worlds.reset(mask, std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  worlds.set_state(4, std::vector<double>{0.5, 0, 0, 0});
  worlds.restore(others.snapshot(), std::vector<int64_t>{1}, std::vector<int64_t>{9});
  worlds.set_parameter(worlds.parameters()[0].name, worlds.parameters()[0].value);
  play(worlds, 2, 4);
  worlds.stop_recording();
  recording_ = read_bytes(path_);
  for (size_t at = 0; at < recording_.size(); ++at)
    for (const uint8_t bits : {0x01, 0x80, 0xFF}) {
      const Error failure = failure_of([&] { replay(sealed(flipped(at, bits))); });
      EXPECT_THAT(failure.status(), AnyOf(Status::ok, Status::data_error)) << failure.sentence();
    }
}

// A section of the header replaced by bytes of the same length.
std::string with_section(const std::string &recording, std::string_view name, std::string_view bytes) {
  std::string changed = recording;
  const auto header = bytes_of(recording).subspan(recording_prefix_size, header_end(recording) - recording_prefix_size);
  const SnapshotReader reader = SnapshotReader::open(header, "recording", 1, 0);
  const auto offset = static_cast<size_t>(reader.section(name).data() - bytes_of(recording).data());
  changed.replace(offset, bytes.size(), bytes);
  return changed;
}

TEST_F(DamagedRecording, AnyNumberOfWorldsThatTheFileCannotHoldIsRefused) {
  record("CartPole-v1", 3, 1);
  for (const uint64_t num_worlds :
       {uint64_t{0}, uint64_t{2}, uint64_t{4}, uint64_t{1} << 31, (uint64_t{1} << 31) + 1, UINT64_MAX}) {
    std::string options(16, '\0');
    options[0] = 1;
    append_little_endian(options, num_worlds);
    const Error failure = failure_of([&] { replay(sealed(with_section(recording_, "options", options))); });
    EXPECT_EQ(failure.status(), Status::data_error);
    EXPECT_THAT(failure.sentence(), AnyOf(HasSubstr("number of worlds"), HasSubstr("are said to take")));
  }
}

TEST_F(DamagedRecording, AGameThatThisLibraryHasNotIsRefusedByName) {
  record("CartPole-v1", 3, 1);
  expect_failure(Status::data_error, {"./mygame.so", "has not"},
                 [&] { replay(sealed(with_section(recording_, "game", "./mygame.so"))); });
}

TEST_F(DamagedRecording, OtherTensorsThanThisLibrarysAreRefused) {
  record("CartPole-v1", 3, 1);
  expect_failure(Status::data_error, {"CartPole-v1", "other tensors"},
                 [&] { replay(sealed(with_section(recording_, "fields", std::string("\x06\0\0\0motion", 10)))); });
}

TEST_F(DamagedRecording, OtherFilesAreNoRecordings) {
  for (const std::string &content : {std::string(), std::string("\x89PNG\r\n\x1a\n"), std::string(200, 'x')})
    expect_failure(Status::data_error, {"run.psr", "not a recording"}, [&] { replay(content); });
}

}  // namespace
}  // namespace penstock::core
