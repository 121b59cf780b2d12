// What a world of GridWorld is, and one step of it: agents move in the order of their numbers, take the keys that they step
// on, open the doors whose key they have, and leave the grid on a goal.
#pragma once

#include "core/base/host_device.h"
#include "core/worlds/games/grid_world/level.h"

namespace penstock::core::grid_world {

enum Action : int32_t { stay = 0, up = 1, right = 2, down = 3, left = 4 };

// As it lies in the tensor "agents".
struct Agent {
  int32_t row, column;
  int32_t keys;     // bit 0 is a's
  int32_t arrived;  // 0 or 1: at a goal, where it is in nobody's way
};
static_assert(sizeof(Agent) == 4 * sizeof(int32_t));

// One world's part of the tensors.
struct World {
  int32_t rows, columns, agent_count;
  uint8_t *cells;  // row by row
  Agent *agents;

  PS_HD uint8_t &cell(Place place) const { return cells[place.row * columns + place.column]; }
  PS_HD bool has(Place place) const {
    return place.row >= 0 && place.row < rows && place.column >= 0 && place.column < columns;
  }
};

// What a step pays.
struct Rewards {
  float step_cost, goal_reward;
};

PS_HD inline Place place_of(const Agent &agent) { return {agent.row, agent.column}; }

PS_HD inline Place moved(Place place, int32_t action) {
  return {place.row + (action == down ? 1 : 0) - (action == up ? 1 : 0),
          place.column + (action == right ? 1 : 0) - (action == left ? 1 : 0)};
}

PS_HD inline bool is_taken(const World &world, Place place) {
  for (int32_t agent = 0; agent < world.agent_count; ++agent)
    if (world.agents[agent].arrived == 0 && place_of(world.agents[agent]) == place) return true;
  return false;
}

PS_HD inline bool can_enter(uint8_t cell, int32_t keys) {
  if (cell == wall_cell || cell >= cell_codes) return false;
  const bool is_closed = cell >= first_door && cell < first_open_door;
  return !is_closed || (keys >> (cell - first_door) & 1) != 0;
}

PS_HD inline void move(const World &world, Agent *agent, int32_t action) {
  const Place to = moved(place_of(*agent), action);
  if (action == stay || !world.has(to) || !can_enter(world.cell(to), agent->keys) || is_taken(world, to)) return;
  agent->row = to.row;
  agent->column = to.column;
  uint8_t &cell = world.cell(to);
  if (cell >= first_key && cell < first_door) {
    agent->keys |= 1 << (cell - first_key);
    cell = floor_cell;
  } else if (cell >= first_door && cell < first_open_door) {
    cell = static_cast<uint8_t>(cell - first_door + first_open_door);
  } else if (cell == goal_cell) {
    agent->arrived = 1;
  }
}

// Writes a reward for each agent; whether all have arrived.
PS_HD inline bool step_world(const World &world, const int32_t *actions, const Rewards &pay, float *rewards) {
  bool have_all_arrived = true;
  for (int32_t index = 0; index < world.agent_count; ++index) {
    Agent &agent = world.agents[index];
    rewards[index] = 0;
    if (agent.arrived != 0) continue;
    move(world, &agent, actions[index]);
    rewards[index] = (agent.arrived != 0 ? pay.goal_reward : 0) - pay.step_cost;
    have_all_arrived &= agent.arrived != 0;
  }
  return have_all_arrived;
}

// Whether the numbers that choose a cell are within the grid: a snapshot may come from anywhere.
PS_HD inline bool is_sound(const World &world) {
  bool is_sound = true;
  for (int32_t index = 0; index < world.agent_count; ++index) {
    const Agent &agent = world.agents[index];
    is_sound &= world.has(place_of(agent)) && agent.keys >= 0 && agent.keys < 1 << letter_count &&
                (agent.arrived == 0 || agent.arrived == 1);
  }
  return is_sound;
}

}  // namespace penstock::core::grid_world
