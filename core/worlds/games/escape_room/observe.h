// What each agent sees of its world, as the tensors hold it.
//
// Distances are over 40, angles over pi, measured from forward and positive to the right; types are over 6.
#pragma once

#include <cstddef>

#include "core/base/arc_tangent.h"
#include "core/worlds/games/escape_room/rules.h"

namespace penstock::core::escape_room {

inline constexpr int32_t self_count = 8, ray_count = 30;

// Where one world's observations go: rows for agent 0, then for agent 1.
struct Observations {
  float *self;      // [2][8]: x / 10, (y - room * 40/3) / (40/3), x / 40, y / 40, 0, farthest / 40, heading / pi, grabs
  float *partner;   // [2][3]: distance, angle, whether it grabs
  float *entities;  // [2][6][3]: distance, angle, type; of the room that the agent is in: its buttons, then its cubes
  float *door;      // [2][3]: of that room: distance, angle, whether it is open
  float *lidar;     // [2][30][2]: distance, type; 0 and 0 where nothing is within 200
  int32_t *steps_remaining;  // [2]
  int32_t *agent_id;         // [2]
};

// Distances and angles of up to 8 places, as an agent sees them.
struct Bearings {
  static constexpr int32_t most = 8;
  float distance[most], angle[most];
};
PS_HD inline Bearings bearings_of(const Body &agent, const Vector *places, int32_t count) {
  using L = Lanes<float, 4>;
  Bearings bearings;
  float to_right[Bearings::most] = {}, ahead[Bearings::most] = {};
  for (int32_t index = 0; index < count; ++index) {
    const Vector between = places[index] - agent.position;
    to_right[index] = dot(between, right_of(agent));
    ahead[index] = dot(between, forward_of(agent));
    bearings.distance[index] = length(between) * (1 / whole_length);
  }
  for (int32_t first = 0; first < count; first += 4)
    (angle_of_point(L::load(to_right + first), L::load(ahead + first)) * L(1 / pi_f32)).store(bearings.angle + first);
  return bearings;
}

PS_HD inline void observe_things(const World &world, int32_t agent, const Observations &to) {
  const Body *bodies = world.simulation.bodies;
  const int32_t index = room_at(bodies[agent].position.y);
  const Room &room = world.rooms[index];
  const int32_t partner = 1 - agent, buttons = buttons_of(room.type), cubes = cubes_of(room.type);
  Vector places[Bearings::most] = {bodies[partner].position, {room.door_x, row_middle(index)}};
  for (int32_t button = 0; button < buttons; ++button) places[2 + button] = room.buttons[button];
  for (int32_t cube = 0; cube < cubes; ++cube) places[2 + buttons + cube] = bodies[cube_of_room(index, cube)].position;
  const Bearings bearings = bearings_of(bodies[agent], places, 2 + buttons + cubes);

  float *row = to.partner + ptrdiff_t{3} * agent;
  row[0] = bearings.distance[0];
  row[1] = bearings.angle[0];
  row[2] = world.agents[partner].grabbed != 0 ? 1.0f : 0.0f;
  row = to.door + ptrdiff_t{3} * agent;
  row[0] = bearings.distance[1];
  row[1] = bearings.angle[1];
  row[2] = room.is_open != 0 ? 1.0f : 0.0f;
  row = to.entities + ptrdiff_t{3} * entities_a_room * agent;
  for (int32_t entity = 0; entity < entities_a_room; ++entity, row += 3) {
    const bool is_there = entity < buttons + cubes;
    row[0] = is_there ? bearings.distance[2 + entity] : 0;
    row[1] = is_there ? bearings.angle[2 + entity] : 1;
    row[2] = is_there ? code(entity < buttons ? EntityType::button : EntityType::cube) : 0;
  }
}

PS_HD inline void observe_self(const World &world, int32_t agent, float *row) {
  const Body &body = world.simulation.bodies[agent];
  const float room_begin = static_cast<float>(room_at(body.position.y)) * room_length;
  row[0] = body.position.x / half_width;
  row[1] = (body.position.y - room_begin) / room_length;
  row[2] = body.position.x / whole_length;
  row[3] = body.position.y / whole_length;
  row[4] = 0;
  row[5] = world.agents[agent].farthest / whole_length;
  row[6] = body.angle / pi_f32;
  row[7] = world.agents[agent].grabbed != 0 ? 1.0f : 0.0f;
}

// The directions of the rays where forward is y, filled up with copies of the last.
struct RayTable {
  static constexpr int32_t count = 32;
  float x[count], y[count];
};
PS_HD inline RayTable make_ray_table() {
  RayTable table;
  for (int32_t ray = 0; ray < RayTable::count; ++ray) {
    const int32_t number = ray < ray_count ? ray : ray_count - 1;
    const Vector direction = rotation_of(2 * pi_f32 * static_cast<float>(number) / ray_count);
    table.x[ray] = -direction.y;
    table.y[ray] = direction.x;
  }
  return table;
}

template <int width>
PS_LANES_INLINE void observe_lidar(const World &world, int32_t agent, const RayTable &table, float *row) {
  using L = Lanes<float, width>;
  const View view = view_of(world, agent);
  const Vector rotation = world.simulation.bodies[agent].rotation;
  float distances[RayTable::count], types[RayTable::count];
  for (int32_t first = 0; first < RayTable::count; first += width) {
    const L x = L::load(table.x + first), y = L::load(table.y + first);
    Rays<width> rays = rays_towards(L(rotation.x) * x - L(rotation.y) * y, L(rotation.y) * x + L(rotation.x) * y);
    cast(&rays, view, world);
    const auto has_hit = rays.type > L(0.0f);
    select(has_hit, rays.distance * L(1 / whole_length), L(0.0f)).store(distances + first);
    rays.type.store(types + first);
  }
  for (int32_t ray = 0; ray < ray_count; ++ray) {
    row[ptrdiff_t{2} * ray] = distances[ray];
    row[2 * ray + 1] = types[ray];
  }
}

template <int width>
PS_LANES_INLINE void observe(const World &world, const RayTable &table, int32_t episode_length,
                             const Observations &to) {
  for (int32_t agent = 0; agent < agent_count; ++agent) {
    observe_self(world, agent, to.self + ptrdiff_t{self_count} * agent);
    observe_things(world, agent, to);
    observe_lidar<width>(world, agent, table, to.lidar + ptrdiff_t{2} * ray_count * agent);
    const int32_t remaining = episode_length - world.steps;
    to.steps_remaining[agent] = remaining > 0 ? remaining : 0;
    to.agent_id[agent] = agent;
  }
}

}  // namespace penstock::core::escape_room
