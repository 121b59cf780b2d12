// The games there are.
#include "core/base/error.h"
#include "core/worlds/game.h"
#include "core/worlds/games/classic_control/classic_control.h"

namespace penstock::core {

std::span<const std::string_view> game_names() { return classic_control_names; }

std::unique_ptr<Game> make_game(std::string_view name, const GameOptions &options) {
  if (std::unique_ptr<Game> game = make_classic_control(name, options)) return game;
  std::string names;
  for (const std::string_view known : game_names()) {
    names += names.empty() ? "" : ", ";
    names += known;
  }
  fail(Status::not_found, "there is no game named ", name, ": expected one of ", names);
}

}  // namespace penstock::core
