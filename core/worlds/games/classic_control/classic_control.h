// Gymnasium's five classic-control games as the engine takes them.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "core/worlds/game.h"

namespace penstock::core {

inline constexpr std::array<std::string_view, 5> classic_control_names = {
    "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1", "Acrobot-v1"};

// Null for a name that is none of them.  Throws unavailable for a kernel that this processor lacks.
std::unique_ptr<Game> make_classic_control(std::string_view name, const GameOptions &options);

}  // namespace penstock::core
