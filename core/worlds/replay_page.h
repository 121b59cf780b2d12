// A recording of worlds as a page that plays it: one HTML file that needs nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/worlds/replay.h"

namespace penstock::core {

struct ReplayPageOptions {
  static constexpr int64_t most_worlds = 64, most_steps = 100000;
  static constexpr size_t most_bytes = size_t{64} << 20;  // of shapes and rewards, before they are compressed

  std::vector<int64_t> worlds;  // which; empty: the first 8, or as many as there are
  int64_t first_step = 0;       // the first frame is the worlds before this step
  int64_t step_count = 1000;    // at most; each adds a frame
};

// Replays a recording and writes its page.  Where a step comes out otherwise than it was recorded, the page ends there and
// says so.
//
// Throws as replay_recording(); out_of_range for a world that was not recorded, more than most_worlds or most_steps, a
// first_step beyond the recording, and where more than most_bytes would be shown; invalid_argument for a world named twice; not_found and
// io_error as AtomicFile for the page.  A page that was there before is then as it was.
ReplayReport write_replay_page(const std::string &page_path, const std::string &recording_path,
                               const ReplayOptions &replay, const ReplayPageOptions &page);

}  // namespace penstock::core
