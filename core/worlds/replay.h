// Does again what a recording says was done, and finds the first step, world and tensor that come out otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/progress.h"
#include "core/worlds/game.h"

namespace penstock::core {

class Worlds;

// None of them changes a byte of what is replayed.
struct ReplayOptions {
  int32_t threads = 0;  // 0: the process's pool
  int32_t buffers = 1;
  WorldsKernel kernel = WorldsKernel::automatic;
  Progress progress;  // in bytes of the file
};

struct ReplayDifference {
  int64_t step = 0;    // from 0, counted from the recording's begin; the number of steps where only its end differs
  int64_t world = -1;  // the first that differs; -1 where none does, but a tensor
  int64_t world_count = 0;  // how many differ in that step
  std::string field;        // the first tensor that differs, in any world; "" where only what is not shown does
};

struct ReplayReport {
  std::string game, library;  // what was recorded, and the release that wrote it
  int64_t num_worlds = 0;
  int64_t steps = 0;          // replayed, the one that differs included
  bool is_complete = false;   // the recording was ended: it is not cut short, and was replayed to there
  bool follows_libm = false;  // its arithmetic is libm's, which another machine's may not follow to the last bit
  std::optional<ReplayDifference> difference;
};

// Is told of what a replay does, in order.
class ReplayObserver {
 public:
  virtual ~ReplayObserver() = default;
  virtual void begin(const Worlds &worlds) = 0;   // as they were when the recording began
  virtual void step(const Worlds &worlds) = 0;    // they were stepped
  virtual void change(const Worlds &worlds) = 0;  // they were reset, restored or set to a state
};

// Stops at the first difference.  The file is from outside: every size in it is checked, and memory is bounded by what
// worlds of the number that it can justify need.
//
// Throws not_found and io_error as File; data_error, with the step and, where that can be told, the world, for what is
// no recording, damaged, or says what cannot be done; out_of_range and unavailable for options that cannot be had;
// cancelled; what an observer throws.
ReplayReport replay_recording(const std::string &path, const ReplayOptions &options,
                              ReplayObserver *observer = nullptr);

}  // namespace penstock::core
