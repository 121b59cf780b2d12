// A world of Escape Room as plain numbers, in the order that escape_room.h gives.
#pragma once

#include <span>

#include "core/worlds/games/escape_room/world.h"

namespace penstock::core::escape_room {

inline constexpr int64_t numbers_an_agent = 8, numbers_a_room = 26;
inline constexpr int64_t state_count = agent_count * numbers_an_agent + room_count * numbers_a_room;

void write_plain_state(std::span<double> numbers, const World &world);

// The bodies come to be as the numbers say; steps stay.  Throws out_of_range, and nothing has changed, where a type of room, a
// flag or a held cube is none that there is, or a door's depth is outside 0 to 4.5.  Places and velocities may be any.
void read_plain_state(World *world, std::span<const double> numbers);

}  // namespace penstock::core::escape_room
