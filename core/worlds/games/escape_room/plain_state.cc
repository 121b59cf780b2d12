#include "core/worlds/games/escape_room/plain_state.h"

#include <cmath>

#include "core/base/error.h"
#include "core/worlds/games/escape_room/layout.h"

namespace penstock::core::escape_room {
namespace {

void write_motion(double *numbers, const Body &body) {
  numbers[0] = static_cast<double>(body.velocity.x);
  numbers[1] = static_cast<double>(body.velocity.y);
  numbers[2] = static_cast<double>(body.angular_velocity);
}

void write_pose(double *numbers, const Body &body) {
  numbers[0] = static_cast<double>(body.position.x);
  numbers[1] = static_cast<double>(body.position.y);
  numbers[2] = static_cast<double>(body.angle);
}

Vector vector_at(const double *numbers) { return {static_cast<float>(numbers[0]), static_cast<float>(numbers[1])}; }

// Any finite angle as one within half a turn; what is not finite as it is.
float angle_at(double number) {
  return static_cast<float>(std::isfinite(number) ? std::remainder(number, 2 * 3.14159265358979324) : number);
}

void read_motion(Body *body, const double *numbers) {
  body->velocity = vector_at(numbers);
  body->angular_velocity = static_cast<float>(numbers[2]);
}

int32_t choice(double number, int32_t last, const char *what) {
  if (!(number >= 0 && number <= last && number == std::floor(number)))
    fail(Status::out_of_range, "the state's ", what, " is ", number, ": expected 0 to ", last);
  return static_cast<int32_t>(number);
}

Room read_room(Simulation *simulation, int32_t index, const double *numbers) {
  Room room{};
  room.type = static_cast<RoomType>(choice(numbers[0], room_types - 1, "type of room"));
  room.door_x = static_cast<float>(numbers[1]);
  room.door_depth = static_cast<float>(numbers[2]);
  if (!(room.door_depth >= 0 && room.door_depth <= door_down))
    fail(Status::out_of_range, "the state's door is ", numbers[2], " down: expected 0 to ", door_down);
  room.is_open = choice(numbers[3], 1, "openness of a door");
  for (int32_t button = 0; button < buttons_of(room.type); ++button)
    room.buttons[button] = vector_at(numbers + 4 + ptrdiff_t{2} * button);
  for (int32_t cube = 0; cube < cubes_of(room.type); ++cube) {
    const double *cube_numbers = numbers + 8 + ptrdiff_t{6} * cube;
    Body &body = simulation->bodies[cube_of_room(index, cube)];
    body = cube_body(vector_at(cube_numbers));
    set_angle(&body, angle_at(cube_numbers[2]));
    read_motion(&body, cube_numbers + 3);
  }
  return room;
}

}  // namespace

void write_plain_state(std::span<double> numbers, const World &world) {
  double *next = numbers.data();
  for (int32_t agent = 0; agent < agent_count; ++agent, next += numbers_an_agent) {
    const Body &body = world.simulation.bodies[agent];
    const int32_t grabbed = world.agents[agent].grabbed;
    write_pose(next, body);
    next[3] = static_cast<double>(world.agents[agent].farthest);
    next[4] = grabbed == 0 ? 0 : grabbed - first_cube + 1;
    write_motion(next + 5, body);
  }
  for (int32_t index = 0; index < room_count; ++index, next += numbers_a_room) {
    const Room &room = world.rooms[index];
    next[0] = static_cast<int32_t>(room.type);
    next[1] = static_cast<double>(room.door_x);
    next[2] = static_cast<double>(room.door_depth);
    next[3] = room.is_open;
    for (int32_t button = 0; button < buttons_a_room; ++button) {
      next[4 + 2 * button] = static_cast<double>(room.buttons[button].x);
      next[5 + 2 * button] = static_cast<double>(room.buttons[button].y);
    }
    for (int32_t cube = 0; cube < cubes_a_room; ++cube) {
      const Body &body = world.simulation.bodies[cube_of_room(index, cube)];
      write_pose(next + 8 + ptrdiff_t{6} * cube, body);
      write_motion(next + 11 + ptrdiff_t{6} * cube, body);
    }
  }
}

void read_plain_state(World *world, std::span<const double> numbers) {
  World read{};
  read.steps = world->steps;
  const double *rooms = numbers.data() + agent_count * numbers_an_agent;
  for (int32_t index = 0; index < room_count; ++index)
    read.rooms[index] = read_room(&read.simulation, index, rooms + index * numbers_a_room);
  for (int32_t agent = 0; agent < agent_count; ++agent) {
    const double *own = numbers.data() + agent * numbers_an_agent;
    Body &body = read.simulation.bodies[agent];
    body = agent_body(vector_at(own), angle_at(own[2]));
    read_motion(&body, own + 5);
    read.agents[agent].farthest = static_cast<float>(own[3]);
    const int32_t place = choice(own[4], room_count * cubes_a_room, "held cube");
    if (place == 0) continue;
    const int32_t cube = first_cube + place - 1;
    if (read.simulation.bodies[cube].shape == Shape::none)
      fail(Status::out_of_range, "the state's held cube ", place, " is not there: its room has fewer cubes");
    read.agents[agent].grabbed = cube;
    // Where its surface is nearest, on the way to the cube's middle.
    const Vector between = read.simulation.bodies[cube].position - body.position;
    const float distance = length(between);
    const Vector place_on_surface = distance > 0 ? body.position + (agent_radius / distance) * between : body.position;
    read.simulation.welds[agent] = weld_at(read.simulation.bodies, agent, cube, place_on_surface);
  }
  *world = read;
}

}  // namespace penstock::core::escape_room
