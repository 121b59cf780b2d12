// The games there are.
#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/worlds/game.h"
#include "core/worlds/games/classic_control/classic_control.h"
#include "core/worlds/games/escape_room/escape_room.h"
#include "core/worlds/games/grid_world/grid_world.h"

namespace penstock::core {

namespace {

constexpr auto names_of_all = [] {
  std::array<std::string_view, classic_control_names.size() + 2> names;
  std::copy(classic_control_names.begin(), classic_control_names.end(), names.begin());
  names[classic_control_names.size()] = escape_room_name;
  names.back() = grid_world_name;
  return names;
}();

}  // namespace

std::span<const std::string_view> game_names() { return names_of_all; }

std::unique_ptr<Game> make_game(std::string_view name, const GameOptions &options) {
  if (name == grid_world_name) return make_grid_world(options);
  if (!options.levels.empty())
    fail(Status::invalid_argument, "levels were given to ", name, ": expected none, or ", grid_world_name);
  if (std::unique_ptr<Game> game = make_classic_control(name, options)) return game;
  if (name == escape_room_name) return make_escape_room(options);
  const auto name_of = [](std::string_view known) { return known; };
  fail(Status::not_found, "there is no game named ", name, ": expected one of ", listed(game_names(), name_of));
}

}  // namespace penstock::core
