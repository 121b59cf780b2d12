// A picture of a world of Escape Room from above, the exit at the top.
#pragma once

#include <span>

#include "core/worlds/canvas.h"
#include "core/worlds/game.h"
#include "core/worlds/games/escape_room/world.h"

namespace penstock::core::escape_room {

inline constexpr PictureSize picture_size{360, 680};

// Clears the canvas, and shows the building as large as the canvas holds it.  std::bad_alloc: the picture is unfinished.
void draw_escape_room(Canvas &canvas, const World &world);

// On top of that, what the agents' rays hit.  lidar as the observation of that name has it, one agent after the other.
void draw_lidar(Canvas &canvas, const World &world, std::span<const float> lidar);

}  // namespace penstock::core::escape_room
