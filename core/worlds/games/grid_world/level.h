// A level of GridWorld, and how it is read from text.
//
//   ; A comment is a line that begins with a semicolon.
//   step_limit: 100
//   step_cost: 0.01
//
//   name: The locked door
//   #########
//   #@..#..G#
//   #.a.A...#
//   #########
//
// One character a cell: # a wall, . floor, G a goal, @ an agent, a to f a key, A to F a door that the key of the same
// letter opens.  Lines of one level are equally long and follow one another; an empty line, or one of options, ends a level.
// Spaces around a line and "\r" at its end do not count.  Options stand on lines of their own, before a level:
//   name        of the next level
//   step_limit  steps after which an episode is truncated
//   step_cost   what each step takes from the reward of an agent that has not arrived
//   goal_reward what an agent gets that arrives
// All but name hold for every level, and are the same wherever they are said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/worlds/game.h"

namespace penstock::core::grid_world {

inline constexpr int32_t letter_count = 6;  // of keys, and of doors
inline constexpr int32_t largest_side = 128, most_agents = 16;
inline constexpr int32_t default_step_limit = 100;

// What a cell holds.  Agents are kept apart: they walk on what they can walk on.
enum Cell : uint8_t {
  floor_cell = 0,
  wall_cell = 1,
  goal_cell = 2,
  first_key = 3,
  first_door = first_key + letter_count,
  first_open_door = first_door + letter_count,
  cell_codes = first_open_door + letter_count,
};

struct Place {
  int32_t row, column;
  friend bool operator==(const Place &, const Place &) = default;
};

struct Level {
  std::string name;
  int32_t rows = 0, columns = 0;
  std::vector<uint8_t> cells;  // row by row, from the top
  std::vector<Place> agents;   // in the order in which one reads
};

// The levels of one batch: all have as many agents.
struct LevelSet {
  std::vector<Level> levels;
  int32_t rows = 0, columns = 0, agents = 0;  // the largest of each
  bool has_letter[letter_count] = {};         // whether a level has a key of it
  int32_t step_limit = default_step_limit;
  double step_cost = 0, goal_reward = 1;
};

// Compiles the levels of all texts into one batch.
//
// Throws data_error, with the source, the line and the column (both from 1; columns count characters): what is no cell, lines of
// different lengths, a level without an agent, without a goal, with an agent that can never get to one, with another
// number of agents than the first, a door without a key, an option that there is not, is no number, or is said twice in
// different ways; a level beyond largest_side or most_agents; text that is not UTF-8.  invalid_argument where there is no level at all.
LevelSet compile_levels(std::span<const LevelText> texts);

// Throws data_error as above, where an agent of a level can get to no goal however the others help it: lines has the
// line, columns the column of each agent.
struct Position {
  int32_t line = 0, column = 0;
};
void require_ways_to_goals(const Level &level, std::string_view source, std::span<const Position> agents);

}  // namespace penstock::core::grid_world
