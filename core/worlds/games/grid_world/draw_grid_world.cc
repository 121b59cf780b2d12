#include "core/worlds/games/grid_world/draw_grid_world.h"

#include <algorithm>
#include <array>

namespace penstock::core::grid_world {
namespace {

constexpr Colour floor_colour{238, 234, 226}, line_colour{222, 216, 206}, wall_colour{86, 90, 98};
constexpr Colour goal_colour{88, 172, 98}, goal_mark{232, 246, 232}, white{255, 255, 255}, doorway{250, 248, 244};
constexpr std::array<Colour, letter_count> letter_colours = {
    {{206, 66, 54}, {58, 152, 84}, {54, 116, 204}, {216, 172, 28}, {146, 82, 178}, {224, 126, 44}}};
constexpr std::array<Colour, 4> agent_colours = {{{32, 96, 182}, {186, 76, 30}, {92, 60, 150}, {20, 126, 124}}};

// The middle of a cell: the grid's lower left corner is the origin, a cell one unit.
Point middle_of(const World &world, Place place) { return {place.column + 0.5, world.rows - place.row - 0.5}; }

void draw_rectangle(Canvas &canvas, Point low, Point high, Colour colour) {
  const std::array<Point, 4> corners = {low, {high.x, low.y}, high, {low.x, high.y}};
  canvas.polygon(corners, colour);
}

void draw_square(Canvas &canvas, Point middle, double half, Colour colour) {
  draw_rectangle(canvas, {middle.x - half, middle.y - half}, {middle.x + half, middle.y + half}, colour);
}

void draw_key(Canvas &canvas, Point middle, double size, Colour colour) {
  const auto at = [&](double x, double y) { return Point{middle.x + size * x, middle.y + size * y}; };
  canvas.line(at(0, -0.3), at(0, 0.1), 0.12 * size, LineEnds::flat, colour);
  canvas.line(at(0, -0.26), at(0.18, -0.26), 0.08 * size, LineEnds::flat, colour);
  canvas.line(at(0, -0.12), at(0.14, -0.12), 0.08 * size, LineEnds::flat, colour);
  canvas.circle(at(0, 0.18), 0.16 * size, colour);
  canvas.circle(at(0, 0.18), 0.07 * size, floor_colour);
}

void draw_door(Canvas &canvas, Point middle, Colour colour, bool is_open) {
  draw_square(canvas, middle, 0.5, wall_colour);
  draw_square(canvas, middle, 0.42, is_open ? doorway : colour);
  if (is_open)
    draw_rectangle(canvas, {middle.x - 0.42, middle.y - 0.42}, {middle.x - 0.3, middle.y + 0.42}, colour);
  else
    canvas.circle({middle.x + 0.24, middle.y}, 0.08, white);
}

void draw_cell(Canvas &canvas, Point middle, uint8_t code) {
  if (code == goal_cell) {
    draw_square(canvas, middle, 0.46, goal_colour);
    const std::array<Point, 4> mark = {{{middle.x, middle.y + 0.26},
                                        {middle.x + 0.26, middle.y},
                                        {middle.x, middle.y - 0.26},
                                        {middle.x - 0.26, middle.y}}};
    canvas.polygon(mark, goal_mark);
  } else if (code >= first_key && code < first_door) {
    draw_key(canvas, middle, 1, letter_colours[code - first_key]);
  } else if (code >= first_door && code < first_open_door) {
    draw_door(canvas, middle, letter_colours[code - first_door], false);
  } else if (code >= first_open_door && code < cell_codes) {
    draw_door(canvas, middle, letter_colours[code - first_open_door], true);
  }
}

void draw_lines(Canvas &canvas, const World &world) {
  for (int32_t column = 1; column < world.columns; ++column)
    canvas.line({1.0 * column, 0}, {1.0 * column, 1.0 * world.rows}, 0.03, LineEnds::flat, line_colour);
  for (int32_t row = 1; row < world.rows; ++row)
    canvas.line({0, 1.0 * row}, {1.0 * world.columns, 1.0 * row}, 0.03, LineEnds::flat, line_colour);
}

// One rectangle for a row's neighbouring walls, which reaches into the row below a little, so that no seam shows.
void draw_walls(Canvas &canvas, const World &world, int32_t row) {
  for (int32_t column = 0, end = 0; column < world.columns; column = end + 1) {
    for (end = column; end < world.columns && world.cell({row, end}) == wall_cell;) ++end;
    const double top = world.rows - row;
    if (end > column) draw_rectangle(canvas, {1.0 * column, top - 1.02}, {1.0 * end, top}, wall_colour);
  }
}

void draw_agent(Canvas &canvas, const World &world, int32_t index) {
  const Agent &agent = world.agents[index];
  const Point middle = middle_of(world, place_of(agent));
  const double radius = agent.arrived != 0 ? 0.22 : 0.34;
  canvas.circle(middle, radius, white);
  canvas.circle(middle, radius - 0.04, agent_colours[static_cast<size_t>(index) % agent_colours.size()]);
  double x = middle.x - 0.4;
  for (int32_t letter = 0; letter < letter_count; ++letter) {
    if ((agent.keys >> letter & 1) == 0) continue;
    canvas.circle({x, middle.y + 0.38}, 0.09, white);
    canvas.circle({x, middle.y + 0.38}, 0.07, letter_colours[static_cast<size_t>(letter)]);
    x += 0.16;
  }
}

}  // namespace

PictureSize picture_size(int32_t rows, int32_t columns) {
  const int32_t cell = std::clamp(640 / std::max(rows, columns), 5, 48);
  return {std::max(16, columns * cell), std::max(16, rows * cell)};
}

void draw_grid_world(Canvas &canvas, const World &world) {
  canvas.fill(floor_colour);
  canvas.look_at({world.columns / 2.0, world.rows / 2.0},
                 std::min(1.0 * canvas.width() / world.columns, 1.0 * canvas.height() / world.rows));
  draw_lines(canvas, world);
  for (int32_t row = 0; row < world.rows; ++row) draw_walls(canvas, world, row);
  for (int32_t row = 0; row < world.rows; ++row)
    for (int32_t column = 0; column < world.columns; ++column)
      draw_cell(canvas, middle_of(world, {row, column}), world.cell({row, column}));
  for (int32_t agent = 0; agent < world.agent_count; ++agent) draw_agent(canvas, world, agent);
}

}  // namespace penstock::core::grid_world
