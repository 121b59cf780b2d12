// What a world of Escape Room is: three rooms in a row along y, with a door at the end of each, two agents, cubes, buttons.
// The rules are in rules.h.  Lengths and places are in units, x to the right, y towards the exit.
#pragma once

#include "core/worlds/physics/simulation.h"

namespace penstock::core::escape_room {

inline constexpr int32_t agent_count = 2, room_count = 3, cubes_a_room = 3, buttons_a_room = 2;
inline constexpr int32_t first_cube = agent_count, body_count = agent_count + room_count * cubes_a_room;
inline constexpr int32_t entities_a_room = 6;
inline constexpr int32_t default_episode_length = 200;

inline constexpr float room_length = 40.0f / 3, whole_length = 40, half_width = 10, wall_width = 1;
inline constexpr float door_half_width = 10.0f / 3;
inline constexpr float agent_radius = 1, agent_mass = 1;
inline constexpr float cube_half_size = 1.5f, cube_mass = 1 / 0.075f;
inline constexpr float button_half_size = 0.65f;

inline constexpr float step_seconds = 0.04f;
inline constexpr int32_t substeps = 4;
inline constexpr float surface_friction = 0.5f;
inline constexpr float ground_friction = 0.5f * 9.8f;  // that of a cube's weight on the floor

inline constexpr float door_speed = 30, door_down = 4.5f;  // a second; where it ends

// The order is that of the codes which observations show, over type_codes.
enum class EntityType : int32_t { none, button, cube, wall, agent, door };
inline constexpr float type_codes = 6;

enum class RoomType : int32_t {
  one_button,         // the door stays open once it is pressed
  two_buttons,        // it stays open once both are pressed at once
  cubes_before_door,  // so too; three cubes stand before the door
  cubes_on_buttons,   // it is open only while both are pressed; two cubes can hold them down
};
inline constexpr int32_t room_types = 4;

struct Room {
  RoomType type;
  float door_x;      // its middle
  float door_depth;  // how far it is down: 0 is closed, and only then does it block
  int32_t is_open;   // 0 or 1: whether it goes down or up
  Vector buttons[buttons_a_room];
};

struct AgentMemory {
  float farthest;   // the largest y of the episode, at most 80
  int32_t grabbed;  // the cube it holds, as a body, or 0
};

// All that a world's future depends on.  It is hashed and kept as bytes: little-endian, in this order, without padding.
struct World {
  Simulation simulation;  // the bodies: the agents, then three places for the cubes of each room
  Room rooms[room_count];
  AgentMemory agents[agent_count];
  int32_t steps;  // of the episode so far
};
static_assert(sizeof(Room) == 8 * sizeof(float) &&
              sizeof(Simulation) == (12 * 15 + 2 * 10 + 1 + 48 * 7) * sizeof(float));
static_assert(sizeof(World) == sizeof(Simulation) + (3 * 8 + 2 * 2 + 1) * sizeof(float));

PS_HD inline int32_t buttons_of(RoomType type) { return type == RoomType::one_button ? 1 : 2; }
PS_HD inline int32_t cubes_of(RoomType type) {
  return type == RoomType::cubes_before_door ? 3 : type == RoomType::cubes_on_buttons ? 2 : 0;
}
PS_HD inline int32_t cube_of_room(int32_t room, int32_t cube) { return first_cube + room * cubes_a_room + cube; }

PS_HD inline bool door_blocks(const Room &room) { return room.door_depth == 0; }
PS_HD inline float row_top(int32_t room) {
  return static_cast<float>(room + 1) * room_length;
}  // of the wall at its end
PS_HD inline float row_bottom(int32_t room) { return row_top(room) - wall_width; }
PS_HD inline float row_middle(int32_t room) { return row_top(room) - 0.5f * wall_width; }

// The room that a place is in; what is before the first counts to it, what is behind the last to that.
PS_HD inline int32_t room_at(float y) { return y >= 2 * room_length ? 2 : y >= room_length ? 1 : 0; }

PS_HD inline StaticBox box_between(float left, float right, float bottom, float top, int32_t id) {
  return {{0.5f * (left + right), 0.5f * (bottom + top)}, {0.5f * (right - left), 0.5f * (top - bottom)}, id};
}

inline constexpr int32_t most_walls = 3 + 2 * room_count;

// The walls, and with them the doors that block: a wall with its closed door is one box, so that nothing catches where
// they meet.  Returns how many.
PS_HD inline int32_t find_walls(const World &world, StaticBox *walls) {
  int32_t count = 0;
  walls[count++] = box_between(-half_width - wall_width, half_width + wall_width, -wall_width, 0, 0);
  walls[count++] = box_between(-half_width - wall_width, -half_width, 0, whole_length, 1);
  walls[count++] = box_between(half_width, half_width + wall_width, 0, whole_length, 2);
  for (int32_t index = 0; index < room_count; ++index) {
    const Room &room = world.rooms[index];
    const float bottom = row_bottom(index), top = row_top(index);
    const int32_t id = 3 + 3 * index;
    if (door_blocks(room)) {
      walls[count++] = box_between(-half_width, half_width, bottom, top, id);
      continue;
    }
    walls[count++] = box_between(-half_width, room.door_x - door_half_width, bottom, top, id + 1);
    walls[count++] = box_between(room.door_x + door_half_width, half_width, bottom, top, id + 2);
  }
  return count;
}

// Whether a body's footprint is over a part of a square.
PS_HD inline bool overlaps(const Body &body, Vector centre, Vector half_size) {
  if (body.shape == Shape::none) return false;
  const StaticBox square = {centre, half_size, 0};
  const Touch touch = touch_static(body, square, 0);
  return touch.count > 0 && (touch.points[0].separation < 0 || (touch.count == 2 && touch.points[1].separation < 0));
}

// Whether the numbers that choose among things are among those that there are: a snapshot may come from anywhere.
PS_HD inline bool is_sound(const World &world) {
  bool is_sound = world.simulation.contact_count >= 0 && world.simulation.contact_count <= most_contacts;
  for (const Room &room : world.rooms) {
    const auto type = static_cast<int32_t>(room.type);
    is_sound &= type >= 0 && type < room_types;
  }
  for (int32_t agent = 0; agent < agent_count; ++agent) {
    const Weld &weld = world.simulation.welds[agent];
    const int32_t grabbed = world.agents[agent].grabbed;
    is_sound &= grabbed == 0 ? !is_welded(weld) : weld.first == agent && weld.second == grabbed;
    is_sound &= grabbed == 0 || (grabbed >= first_cube && grabbed < body_count);
  }
  for (const Body &body : world.simulation.bodies)
    is_sound &= static_cast<int32_t>(body.shape) >= 0 && static_cast<int32_t>(body.shape) <= 2;
  return is_sound;
}

PS_HD inline bool is_finite(const World &world) {
  float sum = 0;  // a number that is not finite is not 0 when multiplied by 0
  for (const Body &body : world.simulation.bodies)
    sum += 0 * (body.position.x + body.position.y + body.angle) +
           0 * (body.velocity.x + body.velocity.y + body.angular_velocity);
  return sum == 0;
}

}  // namespace penstock::core::escape_room
