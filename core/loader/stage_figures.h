// What the stages of a loader did, for people and programs to look at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/ordered_queue.h"

namespace penstock::core {

struct StageFigures {
  const char *name;
  const char *unit;
  int32_t threads;
  uint64_t items, bytes;
  double busy_seconds;
  QueueFigures queue;
};

// One JSON object: name, unit, threads, items, bytes, rate, load, wait and its queue.  seconds: how long the stages have run.
std::string stage_json(const StageFigures &stage, double seconds);

// A text as JSON, in quotes.
std::string quoted_json(std::string_view text);

// Which stage the others wait for, in words: the one that is busiest for each of its threads.
std::string slowest_stage(const std::vector<StageFigures> &stages);

}  // namespace penstock::core
