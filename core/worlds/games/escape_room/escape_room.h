// Escape Room as the engine takes it: two agents that must work together to get through three rooms, after Madrona's task
// of that name.
//
// The plain state of a world (Game::get_state) is state_count numbers:
//   8 for each agent    x, y, heading, largest y so far, 0 or the cube it holds as 1 + 3 room + its place in the room, velocity
//                       x and y, turning rate
//   26 for each room    type (0 to 3), the door's x, how far it is down (0 to 4.5), whether it is open, its buttons' x and y
//                       (4), and 6 for each of three cubes: x, y, angle, velocity x and y, turning rate; 0 where there is none
// Setting it makes welds anew, as the agent and its cube then lie.
#pragma once

#include <memory>
#include <string_view>

#include "core/worlds/game.h"

namespace penstock::core {

inline constexpr std::string_view escape_room_name = "EscapeRoom";

// Throws invalid_argument where Gymnasium's random numbers or f64 are asked for.
std::unique_ptr<Game> make_escape_room(const GameOptions &options);

}  // namespace penstock::core
