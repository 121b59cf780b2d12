// What an agent of GridWorld sees: the whole grid as planes of 0 and 1, [planes, rows, columns].
//
//   0  walls, and what is outside a level that is smaller than others of its batch
//   1  goals
//   2  the agent itself
//   3  the other agents that have not arrived
// and for each letter that a level of the batch has a key of, in their order:
//   its keys that lie about; its doors that are closed; 1 everywhere while the agent has its key
#pragma once

#include <algorithm>

#include "core/worlds/games/grid_world/rules.h"

namespace penstock::core::grid_world {

inline constexpr int32_t common_planes = 4, planes_a_letter = 3;

// Which plane shows which cell.
struct Planes {
  int32_t count = common_planes;
  int32_t of_cell[cell_codes];        // -1: none
  int32_t of_held_key[letter_count];  // -1: none
};

inline Planes make_planes(const LevelSet &set) {
  Planes planes;
  std::fill_n(planes.of_cell, cell_codes, -1);
  planes.of_cell[wall_cell] = 0;
  planes.of_cell[goal_cell] = 1;
  for (int32_t letter = 0; letter < letter_count; ++letter) {
    planes.of_held_key[letter] = -1;
    if (!set.has_letter[letter]) continue;
    planes.of_cell[first_key + letter] = planes.count;
    planes.of_cell[first_door + letter] = planes.count + 1;
    planes.of_held_key[letter] = planes.count + 2;
    planes.count += planes_a_letter;
  }
  return planes;
}

// Writes planes.count * rows * columns numbers for each agent, one agent after the other.
PS_HD inline void observe(const World &world, const Planes &planes, float *out) {
  const int64_t cell_count = int64_t{world.rows} * world.columns;
  const auto cell_at = [&](const Agent &agent) { return int64_t{agent.row} * world.columns + agent.column; };
  for (int32_t index = 0; index < world.agent_count; ++index, out += planes.count * cell_count) {
    std::fill_n(out, planes.count * cell_count, 0.0f);
    for (int64_t cell = 0; cell < cell_count; ++cell) {
      const uint8_t code = world.cells[cell];
      const int32_t plane = code < cell_codes ? planes.of_cell[code] : -1;
      if (plane >= 0) out[plane * cell_count + cell] = 1;
    }
    const Agent &self = world.agents[index];
    out[2 * cell_count + cell_at(self)] = 1;
    for (int32_t other = 0; other < world.agent_count; ++other)
      if (other != index && world.agents[other].arrived == 0) out[3 * cell_count + cell_at(world.agents[other])] = 1;
    for (int32_t letter = 0; letter < letter_count; ++letter)
      if (planes.of_held_key[letter] >= 0 && (self.keys >> letter & 1) != 0)
        std::fill_n(out + planes.of_held_key[letter] * cell_count, cell_count, 1.0f);
  }
}

}  // namespace penstock::core::grid_world
