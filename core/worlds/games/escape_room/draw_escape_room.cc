#include "core/worlds/games/escape_room/draw_escape_room.h"

#include <algorithm>
#include <array>

namespace penstock::core::escape_room {
namespace {

constexpr Colour floor_colour{236, 232, 224}, outside{214, 224, 214}, wall_colour{86, 90, 98}, door_colour{176, 58, 46};
constexpr Colour open_door{222, 190, 182}, cube_colour{206, 158, 84}, cube_edge{140, 100, 44}, white{255, 255, 255};
constexpr Colour button_colour{240, 200, 40}, held{40, 40, 40};
constexpr Colour agent_colours[agent_count] = {{52, 120, 198}, {64, 150, 90}};

Point point(Vector place) { return {static_cast<double>(place.x), static_cast<double>(place.y)}; }

void draw_rectangle(Canvas &canvas, Vector centre, Vector half, Vector rotation, Colour colour) {
  const std::array<Point, 4> corners = {
      point(centre + rotate(rotation, {-half.x, -half.y})), point(centre + rotate(rotation, {half.x, -half.y})),
      point(centre + rotate(rotation, {half.x, half.y})), point(centre + rotate(rotation, {-half.x, half.y}))};
  canvas.polygon(corners, colour);
}

void draw_building(Canvas &canvas, const World &world) {
  constexpr Vector upright{1, 0};
  draw_rectangle(canvas, {0, 0.5f * whole_length}, {half_width, 0.5f * whole_length}, upright, floor_colour);
  StaticBox walls[most_walls];
  const int32_t count = find_walls(world, walls);
  for (int32_t index = 0; index < count; ++index)
    draw_rectangle(canvas, walls[index].centre, walls[index].half_size, upright, wall_colour);
  for (int32_t index = 0; index < room_count; ++index) {
    const Room &room = world.rooms[index];
    draw_rectangle(canvas, {room.door_x, row_middle(index)}, {door_half_width, 0.5f * wall_width}, upright,
                   door_blocks(room) ? door_colour : open_door);
    for (int32_t button = 0; button < buttons_of(room.type); ++button)
      draw_rectangle(canvas, room.buttons[button], {button_half_size, button_half_size}, upright, button_colour);
  }
}

void draw_agent(Canvas &canvas, const World &world, int32_t agent) {
  const Body &body = world.simulation.bodies[agent];
  const Vector forward = {-body.rotation.y, body.rotation.x};
  canvas.circle(point(body.position), static_cast<double>(agent_radius), agent_colours[agent]);
  canvas.line(point(body.position + 0.3f * forward), point(body.position + 0.8f * forward), 0.35, LineEnds::round,
              white);
  const int32_t cube = world.agents[agent].grabbed;
  if (cube < first_cube || cube >= body_count) return;
  canvas.line(point(body.position), point(world.simulation.bodies[cube].position), 0.2, LineEnds::round, held);
}

}  // namespace

void draw_escape_room(Canvas &canvas, const World &world) {
  constexpr double margin = 0.25;
  constexpr double width = 2 * static_cast<double>(half_width + wall_width) + 2 * margin;
  constexpr double height = static_cast<double>(whole_length + wall_width) + 1 + 2 * margin;  // a unit beyond the exit
  canvas.fill(outside);
  canvas.look_at({0, static_cast<double>(whole_length) / 2},
                 std::min(canvas.width() / width, canvas.height() / height));
  draw_building(canvas, world);
  for (int32_t cube = first_cube; cube < body_count; ++cube) {
    const Body &body = world.simulation.bodies[cube];
    if (body.shape == Shape::none) continue;
    draw_rectangle(canvas, body.position, body.half_size, body.rotation, cube_edge);
    draw_rectangle(canvas, body.position, 0.88f * body.half_size, body.rotation, cube_colour);
  }
  for (int32_t agent = 0; agent < agent_count; ++agent) draw_agent(canvas, world, agent);
}

}  // namespace penstock::core::escape_room
