// What a KPU is made of: the sizes, speeds and energies of one simulated device, by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/kpu/dram.h"
#include "core/kpu/energy.h"
#include "core/tensor/dtype.h"

namespace penstock::core::kpu {

// What stays in the array while the rest moves through it.
enum class Dataflow : int32_t { output_stationary, weight_stationary, input_stationary };

// How a matrix product is run: as events (transfers, buffers, stalls), or every register of every PE, every cycle.
enum class Tier : int32_t { event, pe };

// The arrays that the PE tier steps: larger ones would take hours.
inline constexpr int64_t largest_pe_array = 256;

struct Config {
  int64_t rows = 32, columns = 32;  // of the array
  Dataflow dataflow = Dataflow::weight_stationary;
  DType dtype = DType::float32;  // of the operands of topologies; a tensor has its own
  Tier tier = Tier::event;
  bool skip_partial = false;         // a fold that fills only part of the array takes only that part's time
  bool scalesim_compatible = false;  // output sizes rounded up, and one cycle less a layer
  bool tiling = true;                // false: operands that do not fit the scratchpad whole are an error
  bool double_buffered = true;       // the next chunk is fetched while one is computed
  bool timeline = true;              // keep what happened when
  int64_t clock_mhz = 1000;
  int64_t main_memory_size = int64_t{1} << 30;  // bytes
  int64_t scratchpad_size = int64_t{1} << 20;   // bytes
  int64_t scratchpad_banks = 32;
  int64_t scratchpad_width = 0;  // bytes a bank gives a cycle; 0: as many as the array asks for
  int64_t dma_latency = 20;      // cycles from a request to the memory's first command
  int64_t vector_width = 32;     // elements a cycle of the vector unit
  DramTiming dram;
  EnergyTable energy;
};

// The configuration of a preset: "default", "edge", "32x32", "128x128" or "256x256".  Throws not_found.
Config preset(std::string_view name);
std::span<const std::string_view> preset_names();

// The names that set_value() takes, in the order in which they are written.
std::span<const std::string_view> value_names();

// Sets one value from its text, as it stands in a file: "32", "0x20", "1_000", "true", "ws".  What it says of the memory
// ("dram") is set as a whole; single timings come after it.  Throws not_found for a name that there is not, and
// invalid_argument for a text that is no such value, naming the limits.  The configuration is then as it was.
void set_value(Config &config, std::string_view name, std::string_view value);

// One value as set_value() takes it; also "energy_mac_source" and the like, where that figure comes from.  Throws not_found.
std::string get_value(const Config &config, std::string_view name);

// Throws invalid_argument for values that contradict each other, saying what to change.
void validate(const Config &config);

// Bytes of an operand's element, and of what is accumulated and leaves the array: int32 for integers, else float32.
int64_t element_size(const Config &config);
inline constexpr int64_t accumulator_size = 4;

std::string_view dataflow_name(Dataflow dataflow);

}  // namespace penstock::core::kpu
