#include "core/kpu/energy.h"

#include "core/base/text.h"
#include "core/kpu/config.h"

namespace penstock::core::kpu {
namespace {

constexpr std::string_view table = "Horowitz, ISSCC 2014, 45 nm: ";
constexpr std::string_view names[energy_part_count] = {"mac", "accumulator", "scratchpad", "dram", "vector"};
constexpr std::string_view units[energy_part_count] = {"multiply-accumulate", "byte", "byte", "byte", "operation"};

struct Figure {
  double picojoules;
  std::string_view source;
};

Figure mac_figure(DType dtype) {
  switch (dtype) {
    case DType::int8: return {0.2 + 0.1, "8-bit integer multiply 0.2 pJ, 32-bit integer add 0.1 pJ"};
    case DType::float16: return {1.1 + 0.9, "16-bit float multiply 1.1 pJ, 32-bit float add 0.9 pJ"};
    case DType::bfloat16:
      return {1.1 + 0.9, "16-bit float multiply 1.1 pJ (none is given for bfloat16), 32-bit float add 0.9 pJ"};
    case DType::float8_e4m3fn:
    case DType::float8_e5m2:
      return {1.1 + 0.9, "16-bit float multiply 1.1 pJ (none is given for 8-bit floats), 32-bit float add 0.9 pJ"};
    default: return {3.7 + 0.9, "32-bit float multiply 3.7 pJ, 32-bit float add 0.9 pJ"};
  }
}

// An access of 64 bits to the smallest memory of the table that is as large as one bank.
Figure scratchpad_figure(int64_t bank_bytes) {
  if (bank_bytes <= 8 << 10) return {10.0 / 8, "8 KB cache, 10 pJ for 64 bits; for a bank of at most 8 KB"};
  if (bank_bytes <= 32 << 10) return {20.0 / 8, "32 KB cache, 20 pJ for 64 bits; for a bank of at most 32 KB"};
  return {100.0 / 8, "1 MB cache, 100 pJ for 64 bits; for a bank above 32 KB"};
}

Figure default_figure(const Config &config, EnergyPart part) {
  switch (part) {
    case EnergyPart::mac: return mac_figure(config.dtype);
    case EnergyPart::accumulator: return {10.0 / 8, "8 KB cache, 10 pJ for 64 bits"};
    case EnergyPart::scratchpad: return scratchpad_figure(config.scratchpad_size / config.scratchpad_banks);
    case EnergyPart::dram: return {1950.0 / 8, "DRAM, 1.3 to 2.6 nJ for 64 bits: the middle"};
    case EnergyPart::vector: break;
  }
  return {0.9, "32-bit float add 0.9 pJ"};
}

}  // namespace

EnergyEntry energy_entry(const Config &config, EnergyPart part) {
  const auto index = static_cast<size_t>(part);
  const double given = config.energy.given[index];
  if (given >= 0) return {names[index], units[index], given, "given by the user"};
  const Figure figure = default_figure(config, part);
  return {names[index], units[index], figure.picojoules, text(table, figure.source)};
}

}  // namespace penstock::core::kpu
