// What each operation costs, with where the figure comes from.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::core::kpu {

struct Config;

// The parts that a run's energy is the sum of.
enum class EnergyPart : int32_t { mac, accumulator, scratchpad, dram, vector };
inline constexpr int32_t energy_part_count = 5;

// Figures of the user's, in pJ; below 0 where the default table serves.
struct EnergyTable {
  std::array<double, energy_part_count> given = {-1, -1, -1, -1, -1};
};

// One figure: pJ for one unit, and its source.
struct EnergyEntry {
  std::string_view part;  // "mac", "accumulator", ...
  std::string_view unit;  // "multiply-accumulate", "byte", ...
  double picojoules;
  std::string source;
};

// The entry that a configuration uses.  By default 45 nm figures of M. Horowitz, "Computing's energy problem (and what we
// can do about it)", ISSCC 2014; what his table lacks is the nearest entry that costs more, and says so.
EnergyEntry energy_entry(const Config &config, EnergyPart part);

}  // namespace penstock::core::kpu
