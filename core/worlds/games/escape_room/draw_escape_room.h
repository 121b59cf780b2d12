// A picture of a world of Escape Room from above, the exit at the top.
#pragma once

#include "core/worlds/canvas.h"
#include "core/worlds/game.h"
#include "core/worlds/games/escape_room/world.h"

namespace penstock::core::escape_room {

inline constexpr PictureSize picture_size{360, 680};

// Clears the canvas, and shows the building as large as the canvas holds it.  std::bad_alloc: the picture is unfinished.
void draw_escape_room(Canvas &canvas, const World &world);

}  // namespace penstock::core::escape_room
