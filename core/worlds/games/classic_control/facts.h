// What the five classic-control games have in common for the code that steps, resets and lends them.
#pragma once

#include <limits>
#include <string_view>
#include <vector>

#include "core/base/lanes.h"
#include "core/worlds/game.h"

namespace penstock::core {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

struct ClassicFacts {
  std::string_view name;
  int64_t episode_length;
  int64_t worlds_a_shard;  // so many are worth handing to another thread
  struct {
    double low, high;
  } action;  // one number a world
  bool clips_actions;
  std::vector<GameParameter> parameters;
  std::vector<double> observation_bounds;  // symmetric, unless lowest_observations says otherwise
  std::vector<double> lowest_observations = {};
};

template <typename Number, int width>
struct StepResult {
  Lanes<Number, width> reward;
  LaneMask<Number, width> terminated;
};

}  // namespace penstock::core
