#include "core/worlds/games/escape_room/draw_escape_room.h"

#include <algorithm>
#include <array>
#include <cmath>

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

void look_at_building(Canvas &canvas) {
  constexpr double margin = 0.25;
  constexpr double width = 2 * static_cast<double>(half_width + wall_width) + 2 * margin;
  constexpr double height = static_cast<double>(whole_length + wall_width) + 1 + 2 * margin;  // a unit beyond the exit
  canvas.look_at({0, static_cast<double>(whole_length) / 2},
                 std::min(canvas.width() / width, canvas.height() / height));
}

// The colour of what a ray has hit, as the lidar has its type.
Colour ray_colour(float type) {
  const auto kind = static_cast<EntityType>(std::lround(type * type_codes));
  switch (kind) {
    case EntityType::button: return {214, 170, 10};
    case EntityType::cube: return {186, 126, 48};
    case EntityType::agent: return {150, 60, 170};
    case EntityType::door: return {204, 62, 48};
    default: return {120, 128, 140};
  }
}

}  // namespace

void draw_escape_room(Canvas &canvas, const World &world) {
  canvas.fill(outside);
  look_at_building(canvas);
  draw_building(canvas, world);
  for (int32_t cube = first_cube; cube < body_count; ++cube) {
    const Body &body = world.simulation.bodies[cube];
    if (body.shape == Shape::none) continue;
    draw_rectangle(canvas, body.position, body.half_size, body.rotation, cube_edge);
    draw_rectangle(canvas, body.position, 0.88f * body.half_size, body.rotation, cube_colour);
  }
  for (int32_t agent = 0; agent < agent_count; ++agent) draw_agent(canvas, world, agent);
}

void draw_lidar(Canvas &canvas, const World &world, std::span<const float> lidar) {
  look_at_building(canvas);
  const size_t ray_count = lidar.size() / (size_t{2} * agent_count);
  const float *next = lidar.data();
  for (int32_t agent = 0; agent < agent_count; ++agent) {
    const Body &body = world.simulation.bodies[agent];
    for (size_t ray = 0; ray < ray_count; ++ray, next += 2) {
      if (next[1] == 0) continue;
      const float angle = 2 * pi_f32 * static_cast<float>(ray) / static_cast<float>(ray_count);
      const Vector turned = rotate(body.rotation, rotation_of(angle));
      const Vector direction = {-turned.y, turned.x};
      const Point hit = point(body.position + (next[0] * whole_length) * direction);
      canvas.line(point(body.position + agent_radius * direction), hit, 0.06, LineEnds::flat, ray_colour(next[1]));
      canvas.circle(hit, 0.16, ray_colour(next[1]));
    }
  }
}

}  // namespace penstock::core::escape_room
