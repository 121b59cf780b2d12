// Whether a level can be won: whether every agent can get to a goal.
#include <array>

#include "core/base/error.h"
#include "core/worlds/games/grid_world/level.h"

namespace penstock::core::grid_world {
namespace {

constexpr std::array<Place, 4> neighbours = {{{-1, 0}, {0, 1}, {1, 0}, {0, -1}}};

// Where agents could get to if none were in another's way and a key served all who can reach it: what is found out of
// reach is so in the game, where this holds less.
class Reach {
 public:
  explicit Reach(const Level &level) : level_(level) {}

  // Spreads until nothing more opens: each round but the last opens the doors of one more letter.
  std::vector<bool> goals_reached() {
    std::vector<bool> reached(level_.agents.size());
    for (bool is_growing = true; is_growing;) {
      is_growing = false;
      for (size_t agent = 0; agent < level_.agents.size(); ++agent)
        is_growing |= spread(level_.agents[agent], keys_[agent], reached, agent);
    }
    return reached;
  }

 private:
  size_t index_of(Place place) const {
    return static_cast<size_t>(place.row) * static_cast<size_t>(level_.columns) + static_cast<size_t>(place.column);
  }

  bool can_enter(uint8_t cell, uint32_t keys) const {
    if (cell == wall_cell) return false;
    return cell < first_door || ((keys | open_) >> (cell - first_door) & 1U) != 0;
  }

  // Whether the agent found a key, or a door that it opens for all.
  bool spread(Place from, uint32_t &keys, std::vector<bool> &reached, size_t agent) {
    const uint32_t keys_before = keys, open_before = open_;
    std::vector<bool> is_seen(level_.cells.size());
    std::vector<Place> next = {from};
    is_seen[index_of(from)] = true;
    while (!next.empty()) {
      const Place place = next.back();
      next.pop_back();
      const uint8_t cell = level_.cells[index_of(place)];
      if (cell == goal_cell) reached[agent] = true;
      if (cell == goal_cell) continue;  // who arrives goes no further
      if (cell >= first_key && cell < first_door) keys |= 1U << (cell - first_key);
      if (cell >= first_door) open_ |= 1U << (cell - first_door);
      for (const Place step : neighbours) {
        const Place to = {place.row + step.row, place.column + step.column};
        if (to.row < 0 || to.row >= level_.rows || to.column < 0 || to.column >= level_.columns) continue;
        if (is_seen[index_of(to)] || !can_enter(level_.cells[index_of(to)], keys)) continue;
        is_seen[index_of(to)] = true;
        next.push_back(to);
      }
    }
    return keys != keys_before || open_ != open_before;
  }

  const Level &level_;
  std::vector<uint32_t> keys_ = std::vector<uint32_t>(level_.agents.size());
  uint32_t open_ = 0;
};

}  // namespace

void require_ways_to_goals(const Level &level, std::string_view source, std::span<const Position> agents) {
  const std::vector<bool> reached = Reach(level).goals_reached();
  for (size_t agent = 0; agent < agents.size(); ++agent)
    if (!reached[agent])
      fail(Status::data_error, source, ", line ", agents[agent].line, ", column ", agents[agent].column,
           ": this agent can get to no goal");
}

}  // namespace penstock::core::grid_world
