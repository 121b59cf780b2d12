// GridWorld as the engine takes it: agents walk over levels that are compiled from text (level.h), fetch keys, open
// doors and look for a goal.
//
// The plain state of a world (Game::get_state) is the number of its level; for each agent its row and column from the
// upper left corner, its keys (1 for a, 2 for b, 4 for c, ... added up) and whether it has arrived; and the code of each cell
// (level.h), row by row.
#pragma once

#include <memory>
#include <string_view>

#include "core/worlds/game.h"

namespace penstock::core {

inline constexpr std::string_view grid_world_name = "GridWorld";

// Without levels in options one of its own, with a key and a door.  Throws as compile_levels() does; invalid_argument
// where Gymnasium's random numbers or f64 are asked for.
std::unique_ptr<Game> make_grid_world(const GameOptions &options);

}  // namespace penstock::core
