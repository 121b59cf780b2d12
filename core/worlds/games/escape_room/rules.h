// One step of Escape Room: agents push themselves, doors move, agents grab, bodies collide, buttons are pressed, agents are
// rewarded for how far they came.
#pragma once

#include "core/worlds/games/escape_room/rays.h"

namespace penstock::core::escape_room {

// What an agent does in a step.
struct Action {
  int32_t amount;  // 0 to 3: of the force
  int32_t angle;   // 0 to 7: eighths of a turn clockwise from forward
  int32_t turn;    // 0 to 4: clockwise, half of it, none, half of it anticlockwise, anticlockwise
  int32_t grab;    // 0 or 1
};

inline constexpr float force_a_step = 1000.0f / 3, torque_a_step = 160;
inline constexpr float grab_range = 2;

PS_HD inline Vector forward_of(const Body &body) { return {-body.rotation.y, body.rotation.x}; }
PS_HD inline Vector right_of(const Body &body) { return body.rotation; }

PS_HD inline Force force_of(const Action &action, const Body &body) {
  constexpr float half_root = 0.707106781f;
  constexpr float sines[8] = {0, half_root, 1, half_root, 0, -half_root, -1, -half_root};
  const float amount = static_cast<float>(action.amount) * force_a_step;
  const float to_right = sines[action.angle], ahead = sines[(action.angle + 2) % 8];
  const Vector force = amount * (to_right * right_of(body) + ahead * forward_of(body));
  return {force, static_cast<float>(action.turn - 2) * torque_a_step};
}

PS_HD inline bool is_in_doorway(const Body &body, const Room &room, int32_t index) {
  return overlaps(body, {room.door_x, row_middle(index)}, {door_half_width, 0.5f * wall_width});
}

// A door does not close on what stands in it: it waits, all but closed.
PS_HD inline void move_door(World *world, int32_t index) {
  Room &room = world->rooms[index];
  constexpr float distance = door_speed * step_seconds;
  if (room.is_open != 0) {
    room.door_depth = smaller(room.door_depth + distance, door_down);
    return;
  }
  if (room.door_depth == 0) return;
  const float depth = room.door_depth - distance;
  if (depth <= 0)
    for (const Body &body : world->simulation.bodies)
      if (is_in_doorway(body, room, index)) return;
  room.door_depth = larger(depth, 0);
}

// The cube that an agent's ray hits before anything else, or 0.
PS_HD inline int32_t cube_ahead(const World &world, int32_t agent, float *distance) {
  const Body &body = world.simulation.bodies[agent];
  const Vector forward = forward_of(body);
  constexpr float farthest = grab_range + 1.5f * cube_half_size;  // more than a cube reaches from its middle
  bool is_near = false;
  for (int32_t cube = first_cube; cube < body_count; ++cube) {
    const Vector between = world.simulation.bodies[cube].position - body.position;
    is_near |= world.simulation.bodies[cube].shape != Shape::none && dot(between, between) <= farthest * farthest;
  }
  if (!is_near) return 0;
  const View view = view_of(world, agent);
  auto rays = rays_towards(Lanes<float, 1>(forward.x), Lanes<float, 1>(forward.y));
  rays.distance = Lanes<float, 1>(grab_range);
  cast(&rays, view, world);
  if (rays.type.vector != code(EntityType::cube)) return 0;
  *distance = rays.distance.vector;
  for (int32_t cube = first_cube; cube < body_count; ++cube) {
    if (world.simulation.bodies[cube].shape == Shape::none) continue;
    auto alone = rays_towards(Lanes<float, 1>(forward.x), Lanes<float, 1>(forward.y));
    cast_at_body(&alone, view, world.simulation.bodies[cube]);
    if (alone.distance.vector == *distance) return cube;
  }
  return 0;
}

PS_HD inline void hold(World *world, int32_t agent, int32_t cube, float distance) {
  const Body &body = world->simulation.bodies[agent];
  world->agents[agent].grabbed = cube;
  world->simulation.welds[agent] =
      weld_at(world->simulation.bodies, agent, cube, body.position + distance * forward_of(body));
}

PS_HD inline void let_go(World *world, int32_t agent) {
  world->agents[agent].grabbed = 0;
  world->simulation.welds[agent] = {};
}

PS_HD inline void grab(World *world, int32_t agent) {
  if (world->agents[agent].grabbed != 0) return let_go(world, agent);
  float distance = 0;
  const int32_t cube = cube_ahead(*world, agent, &distance);
  if (cube != 0) hold(world, agent, cube, distance);
}

PS_HD inline bool is_pressed(const World &world, Vector button) {
  for (const Body &body : world.simulation.bodies)
    if (overlaps(body, button, {button_half_size, button_half_size})) return true;
  return false;
}

// After everything has moved; the door follows in the next step.
PS_HD inline void press_buttons(World *world, int32_t index) {
  Room &room = world->rooms[index];
  const bool stays_open = room.type != RoomType::cubes_on_buttons;
  if (stays_open && room.is_open != 0) return;
  bool are_pressed = true;
  for (int32_t button = 0; button < buttons_of(room.type) && are_pressed; ++button)
    are_pressed = is_pressed(*world, room.buttons[button]);
  room.is_open = are_pressed ? 1 : 0;
}

// For each agent, from how far it has come.
PS_HD inline void reward_agents(World *world, float *rewards) {
  constexpr float farthest_counted = 2 * whole_length;
  for (int32_t agent = 0; agent < agent_count; ++agent) {
    const float y = smaller(world->simulation.bodies[agent].position.y, farthest_counted);
    float &farthest = world->agents[agent].farthest;
    const float progress = y - farthest;
    rewards[agent] = progress > 0 ? 0.05f * progress : -0.005f;
    if (progress > 0) farthest = y;
  }
  const bool are_together = std::fabs(world->agents[0].farthest - world->agents[1].farthest) <= 2;
  for (int32_t agent = 0; agent < agent_count; ++agent)
    if (are_together && rewards[agent] > 0) rewards[agent] *= 1.25f;
}

PS_HD inline void step_world(World *world, const Action *actions, float *rewards) {
  Body *bodies = world->simulation.bodies;
  Force forces[agent_count];
  for (int32_t agent = 0; agent < agent_count; ++agent) forces[agent] = force_of(actions[agent], bodies[agent]);
  for (int32_t room = 0; room < room_count; ++room) move_door(world, room);
  for (int32_t agent = 0; agent < agent_count; ++agent)
    if (actions[agent].grab != 0) grab(world, agent);
  StaticBox walls[most_walls];
  const int32_t wall_count = find_walls(*world, walls);
  simulate(&world->simulation, walls, wall_count, forces, agent_count, {step_seconds, substeps, surface_friction});
  for (int32_t agent = 0; agent < agent_count; ++agent) {  // so that they steer easily
    bodies[agent].velocity = {0, 0};
    bodies[agent].angular_velocity = 0;
  }
  for (int32_t room = 0; room < room_count; ++room) press_buttons(world, room);
  reward_agents(world, rewards);
  ++world->steps;
}

}  // namespace penstock::core::escape_room
