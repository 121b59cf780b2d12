#include "core/worlds/games/escape_room/draw_escape_room.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/worlds/games/escape_room/rules.h"

namespace penstock::core::escape_room {
namespace {

// The floor of a room, its neighbour's, and the lines between slabs; what casts a shadow casts it on the floor.
constexpr Colour floor_colours[2] = {{240, 236, 228}, {233, 229, 220}};
constexpr Colour slab_line{224, 219, 209}, shadow_colour{204, 198, 187}, lawn{196, 219, 186};
constexpr Colour wall_colour{74, 80, 92}, wall_edge{52, 56, 66}, sill{206, 200, 190};
constexpr Colour door_colour{190, 64, 50}, door_edge{132, 38, 30}, door_panel{208, 92, 76};
constexpr Colour button_frame{150, 116, 22}, button_colour{244, 204, 52}, pressed_frame{42, 110, 58},
    pressed{92, 190, 104};
constexpr Colour cube_edge{128, 90, 40}, cube_colour{210, 162, 88}, cube_plank{188, 140, 70};
constexpr Colour white{255, 255, 255}, ink{34, 38, 46};
constexpr Colour agent_colours[agent_count] = {{52, 120, 204}, {236, 126, 42}};

constexpr Vector upright{1, 0};

Point point(Vector place) { return {static_cast<double>(place.x), static_cast<double>(place.y)}; }

void draw_rectangle(Canvas &canvas, Vector centre, Vector half, Vector rotation, Colour colour) {
  const std::array<Point, 4> corners = {
      point(centre + rotate(rotation, {-half.x, -half.y})), point(centre + rotate(rotation, {half.x, -half.y})),
      point(centre + rotate(rotation, {half.x, half.y})), point(centre + rotate(rotation, {-half.x, half.y}))};
  canvas.polygon(corners, colour);
}

// A rectangle with an edge around it, and what is inside the edge.
void draw_framed(Canvas &canvas, Vector centre, Vector half, Vector rotation, float edge, Colour frame, Colour inside) {
  draw_rectangle(canvas, centre, half, rotation, frame);
  draw_rectangle(canvas, centre, {half.x - edge, half.y - edge}, rotation, inside);
}

constexpr Vector shadow_offset{0.18f, -0.18f};

void draw_floors(Canvas &canvas) {
  constexpr int32_t slabs = 4;  // along a room
  for (int32_t room = 0; room < room_count; ++room) {
    const float begin = static_cast<float>(room) * room_length;
    draw_rectangle(canvas, {0, begin + 0.5f * room_length}, {half_width, 0.5f * room_length}, upright,
                   floor_colours[room % 2]);
    for (int32_t line = 1; line < slabs; ++line) {
      const float y = begin + room_length * static_cast<float>(line) / slabs;
      canvas.line(point({-half_width, y}), point({half_width, y}), 0.08, LineEnds::flat, slab_line);
    }
  }
  constexpr float slab = room_length / slabs;
  for (int32_t column = 1; static_cast<float>(column) * slab < 2 * half_width; ++column) {
    const float x = static_cast<float>(column) * slab - half_width;
    canvas.line(point({x, 0}), point({x, whole_length}), 0.08, LineEnds::flat, slab_line);
  }
}

void draw_button(Canvas &canvas, const World &world, Vector place) {
  constexpr Vector half{button_half_size, button_half_size};
  if (is_pressed(world, place))
    draw_framed(canvas, place, half, upright, 0.22f, pressed_frame, pressed);
  else
    draw_framed(canvas, place, half, upright, 0.14f, button_frame, button_colour);
}

// A door that is up, or the sill that it leaves.
void draw_door(Canvas &canvas, const Room &room, int32_t index) {
  const Vector middle{room.door_x, row_middle(index)};
  if (!door_blocks(room)) {
    draw_rectangle(canvas, middle, {door_half_width, 0.5f * wall_width}, upright, sill);
    return;
  }
  for (const float side : {-0.5f, 0.5f}) {
    const Vector leaf{middle.x + side * door_half_width, middle.y};
    draw_framed(canvas, leaf, {0.5f * door_half_width, 0.5f * wall_width}, upright, 0.12f, door_edge, door_colour);
    draw_rectangle(canvas, leaf, {0.5f * door_half_width - 0.45f, 0.18f}, upright, door_panel);
  }
}

void draw_building(Canvas &canvas, const World &world) {
  draw_floors(canvas);
  for (int32_t index = 0; index < room_count; ++index)
    for (int32_t button = 0; button < buttons_of(world.rooms[index].type); ++button)
      draw_button(canvas, world, world.rooms[index].buttons[button]);
  StaticBox walls[most_walls];
  const int32_t count = find_walls(world, walls);
  for (int32_t index = 0; index < count; ++index)
    draw_rectangle(canvas, walls[index].centre + shadow_offset, walls[index].half_size, upright, shadow_colour);
  for (int32_t index = 0; index < count; ++index)
    draw_rectangle(canvas, walls[index].centre, walls[index].half_size + Vector{0.06f, 0.06f}, upright, wall_edge);
  for (int32_t index = 0; index < count; ++index)
    draw_rectangle(canvas, walls[index].centre, walls[index].half_size - Vector{0.06f, 0.06f}, upright, wall_colour);
  for (int32_t index = 0; index < room_count; ++index) draw_door(canvas, world.rooms[index], index);
}

void draw_cube(Canvas &canvas, const Body &cube) {
  draw_rectangle(canvas, cube.position + shadow_offset, cube.half_size, cube.rotation, shadow_colour);
  draw_framed(canvas, cube.position, cube.half_size, cube.rotation, 0.2f, cube_edge, cube_colour);
  for (const float side : {-0.45f, 0.45f})
    draw_rectangle(canvas, cube.position + rotate(cube.rotation, {0, side}), {cube.half_size.x - 0.2f, 0.06f},
                   cube.rotation, cube_plank);
}

void draw_arm(Canvas &canvas, const World &world, int32_t agent) {
  const int32_t cube = world.agents[agent].grabbed;
  if (cube < first_cube || cube >= body_count) return;
  const Vector from = world.simulation.bodies[agent].position, to = world.simulation.bodies[cube].position;
  canvas.line(point(from), point(from + 0.7f * (to - from)), 0.5, LineEnds::round, ink);
  canvas.line(point(from), point(from + 0.7f * (to - from)), 0.28, LineEnds::round, agent_colours[agent]);
}

void draw_agent(Canvas &canvas, const World &world, int32_t agent) {
  const Body &body = world.simulation.bodies[agent];
  const Vector forward = {-body.rotation.y, body.rotation.x};
  canvas.circle(point(body.position + shadow_offset), static_cast<double>(agent_radius), shadow_colour);
  canvas.circle(point(body.position), static_cast<double>(agent_radius), ink);
  canvas.circle(point(body.position), 0.86, agent_colours[agent]);
  for (const float side : {-0.34f, 0.34f}) {  // eyes, which look ahead
    const Vector eye = body.position + 0.42f * forward + side * body.rotation;
    canvas.circle(point(eye), 0.25, white);
    canvas.circle(point(eye + 0.08f * forward), 0.13, ink);
  }
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
  canvas.fill(lawn);
  look_at_building(canvas);
  draw_building(canvas, world);
  for (int32_t cube = first_cube; cube < body_count; ++cube)
    if (world.simulation.bodies[cube].shape != Shape::none) draw_cube(canvas, world.simulation.bodies[cube]);
  for (int32_t agent = 0; agent < agent_count; ++agent) draw_arm(canvas, world, agent);
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
