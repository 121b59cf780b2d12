// A picture of a world of GridWorld.
#pragma once

#include "core/worlds/canvas.h"
#include "core/worlds/game.h"
#include "core/worlds/games/grid_world/rules.h"

namespace penstock::core::grid_world {

// The size that a grid is usually drawn in.
PictureSize picture_size(int32_t rows, int32_t columns);

// Clears the canvas, and shows the grid as large as the canvas holds it.  Reads a world of is_sound() and no other.
// std::bad_alloc: the picture is unfinished.
void draw_grid_world(Canvas &canvas, const World &world);

}  // namespace penstock::core::grid_world
