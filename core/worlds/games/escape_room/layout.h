// How an episode begins: which rooms there are, and where everything is in them.
//
// The order of the draws is pinned: recorded hashes depend on it.
#pragma once

#include "core/base/random.h"
#include "core/worlds/games/escape_room/world.h"

namespace penstock::core::escape_room {

// Random numbers of an episode, one after another.
struct Draws {
  RandomStream stream;
  uint64_t next = 0;

  PS_HD float uniform(float low, float high) { return low + (high - low) * uniform_f32(stream, next++); }
};

PS_HD inline Body agent_body(Vector position, float heading) {
  Body body = circle_body(position, agent_radius, agent_mass);
  set_angle(&body, heading);
  return body;
}

PS_HD inline Body cube_body(Vector position) {
  Body body = box_body(position, {cube_half_size, cube_half_size}, cube_mass);
  set_ground_friction(&body, ground_friction);
  return body;
}

// Buttons lie in the part of the room that Madrona has them in: behind its first quarter, but before its last quarter
// where cubes may stand at its end.  Cubes that are to go onto buttons stand clear of where agents begin.
PS_HD inline void lay_out_room(World *world, int32_t index, Draws *draws) {
  constexpr float button = 2 * button_half_size;
  Room &room = world->rooms[index];
  const float begin = static_cast<float>(index) * room_length, end = row_top(index);
  room.type = static_cast<RoomType>(uniform_below(draws->stream, static_cast<uint64_t>(index), room_types));
  room.door_x = draws->uniform(5, 15) - half_width;
  const bool has_cubes = cubes_of(room.type) > 0;
  const float low_y = has_cubes ? begin + button : begin + room_length / 4;
  const float high_y = has_cubes ? end - room_length / 4 : end - wall_width - button_half_size;
  if (room.type == RoomType::one_button) {
    const float side = 0.5f * (half_width - button);
    room.buttons[0].x = draws->uniform(-side, side);
    room.buttons[0].y = draws->uniform(low_y, high_y);
  } else {
    const float inner = has_cubes ? button + half_width / 2 : button, outer = half_width - button;
    for (int32_t side = 0; side < buttons_a_room; ++side) {
      const float x = draws->uniform(inner, outer);
      room.buttons[side].x = side == 0 ? -x : x;
      room.buttons[side].y = draws->uniform(low_y, high_y);
    }
  }
  Body *cubes = world->simulation.bodies + cube_of_room(index, 0);
  if (room.type == RoomType::cubes_before_door)
    for (int32_t cube = 0; cube < 3; ++cube)
      cubes[cube] = cube_body({room.door_x + static_cast<float>(cube - 1) * 3, row_middle(index) - 2});
  if (room.type == RoomType::cubes_on_buttons)
    for (int32_t cube = 0; cube < 2; ++cube) {
      const float x = draws->uniform(cube_half_size, half_width / 2);
      cubes[cube] = cube_body({cube == 0 ? -x : x, draws->uniform(begin + 4.6f, end - wall_width - 2)});
    }
}

PS_HD inline void begin_episode(World *world, RandomStream stream) {
  *world = {};
  Draws draws{stream};
  for (int32_t agent = 0; agent < agent_count; ++agent) {
    const float middle = agent == 0 ? 5.0f : -5.0f;
    const float x = middle + draws.uniform(-3.75f, 3.75f), y = draws.uniform(1.1f, 2);
    world->simulation.bodies[agent] = agent_body({x, y}, draws.uniform(-pi_f32 / 8, pi_f32 / 8));
    world->agents[agent].farthest = y;
  }
  for (int32_t room = 0; room < room_count; ++room) lay_out_room(world, room, &draws);
}

}  // namespace penstock::core::escape_room
