#include "core/kpu/plan.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace penstock::core::kpu {
namespace {

__extension__ using int128 = __int128;

constexpr int64_t most = int64_t{1} << 62;

int64_t ceil_divide(int64_t number, int64_t divisor) { return (number - 1) / divisor + 1; }

int64_t require_within(int128 number, std::string_view what, const Plan &plan) {
  if (number > most)
    fail(Status::invalid_argument, "the ", what, " of ", plan.count, " products of ", plan.m, " x ", plan.k, " by ",
         plan.k, " x ", plan.n, " on an array of ", plan.rows, " x ", plan.columns,
         " exceed 2^62: use smaller products or a larger array");
  return static_cast<int64_t>(number);
}

void map_onto_array(Plan &plan) {
  switch (plan.dataflow) {
    case Dataflow::output_stationary: plan.row_extent = plan.m, plan.column_extent = plan.n, plan.time = plan.k; break;
    case Dataflow::weight_stationary: plan.row_extent = plan.k, plan.column_extent = plan.n, plan.time = plan.m; break;
    case Dataflow::input_stationary: plan.row_extent = plan.k, plan.column_extent = plan.m, plan.time = plan.n; break;
  }
  plan.row_folds = ceil_divide(plan.row_extent, plan.rows);
  plan.column_folds = ceil_divide(plan.column_extent, plan.columns);
}

void count_compute_cycles(Plan &plan, bool scalesim_compatible) {
  const int128 folds = int128{plan.row_folds} * plan.column_folds;
  const int128 rows = plan.skip_partial ? int128{plan.row_extent} * plan.column_folds : folds * plan.rows;
  const int128 columns = plan.skip_partial ? int128{plan.column_extent} * plan.row_folds : folds * plan.columns;
  const int64_t row_passes = plan.dataflow == Dataflow::output_stationary ? 1 : 2;
  const int128 product = row_passes * rows + columns + folds * (plan.time - 2);
  // Beyond 2^62 a product alone is an error, so that count cannot overflow 128 bits.
  const int128 all = int128{require_within(product, "cycles", plan)} * plan.count;
  plan.compute_cycles = require_within(all, "cycles", plan) - (scalesim_compatible ? 1 : 0);
}

[[noreturn]] void refuse_scratchpad(const Config &config, int128 needed, const Plan &plan, std::string_view hint) {
  fail(Status::invalid_argument, "a product of ", plan.m, " x ", plan.k, " by ", plan.k, " x ", plan.n,
       " does not fit scratchpad_size, ", config.scratchpad_size, " bytes: at least ",
       require_within(needed, "bytes", plan), " would do", hint);
}

void divide_scratchpad(Plan &plan, const Config &config) {
  const int128 input = int128{plan.input_elements} * plan.element, weights = int128{plan.k} * plan.n * plan.element;
  const int128 output = int128{plan.m} * plan.n * accumulator_size;
  const bool all_fit = input + weights + output <= config.scratchpad_size;
  if (!config.tiling && !all_fit) refuse_scratchpad(config, input + weights + output, plan, ", or set tiling to true");
  const int64_t third = config.scratchpad_size / 3, parts = config.double_buffered ? 2 : 1, share = third / parts;
  const int64_t used_rows = std::min(plan.rows, plan.row_extent);
  const int64_t used_columns = std::min(plan.columns, plan.column_extent);
  const bool is_os = plan.dataflow == Dataflow::output_stationary;
  const int64_t step_bytes =
      std::max({used_rows * plan.element, used_columns * (is_os ? plan.element : accumulator_size)});
  if (share < step_bytes && !all_fit) refuse_scratchpad(config, int128{3} * parts * step_bytes, plan, "");
  plan.chunk_steps = std::clamp<int64_t>(share / step_bytes, 1, plan.time);
  plan.input_fits = all_fit || input <= third;
  plan.weights_fit = all_fit || weights <= third;
  plan.input_block_fits = is_os && int128{used_rows} * plan.k * plan.element <= share;
  plan.partials_fit = all_fit || is_os || int128{plan.time} * used_columns * accumulator_size <= share;
}

struct Traffic {
  int128 input, weights, output;  // bytes of each operand, once
};

void count_stationary_outputs(const Plan &plan, const Traffic &once, Counters &counters) {
  const auto bytes = [&](int128 number) { return require_within(number * plan.count, "bytes", plan); };
  const int128 input_passes = plan.input_block_fits ? 1 : plan.column_folds;
  if (!plan.input_fits) counters.dram_read_input = bytes(once.input * input_passes);
  counters.dram_read_weight = bytes(once.weights * (plan.weights_fit ? 1 : plan.row_folds));
  counters.array_read_input = bytes(once.input * plan.column_folds);
  counters.array_read_weight = bytes(once.weights * plan.row_folds);
  counters.array_written_output = counters.accumulator_written = counters.accumulator_read = bytes(once.output);
}

void count_stationary_operands(const Plan &plan, const Traffic &once, Counters &counters) {
  const auto bytes = [&](int128 number) { return require_within(number * plan.count, "bytes", plan); };
  const bool weights_stay = plan.dataflow == Dataflow::weight_stationary;
  const int128 input_streams = weights_stay ? plan.column_folds : 1,
               weight_streams = weights_stay ? 1 : plan.column_folds;
  if (!plan.input_fits) counters.dram_read_input = bytes(once.input * input_streams);
  counters.dram_read_weight = bytes(once.weights * (plan.weights_fit ? 1 : weight_streams));
  counters.array_read_input = bytes(once.input * input_streams);
  counters.array_read_weight = bytes(once.weights * weight_streams);
  counters.array_written_output = bytes(once.output * plan.row_folds);
  const int64_t partials = bytes(once.output * (plan.row_folds - 1));
  counters.dram_read_partial = counters.dram_written_partial = plan.partials_fit ? 0 : partials;
  counters.accumulator_written = bytes(once.output * plan.row_folds) + counters.dram_read_partial;
  counters.accumulator_read = partials + bytes(once.output) + counters.dram_written_partial;
}

}  // namespace

int64_t Plan::rows_of(int64_t row_fold) const { return std::min(rows, row_extent - row_fold * rows); }
int64_t Plan::columns_of(int64_t column_fold) const { return std::min(columns, column_extent - column_fold * columns); }

int64_t Plan::fold_overhead(int64_t row_fold, int64_t column_fold) const {
  const int64_t used_rows = skip_partial ? rows_of(row_fold) : rows;
  const int64_t used_columns = skip_partial ? columns_of(column_fold) : columns;
  return (dataflow == Dataflow::output_stationary ? 1 : 2) * used_rows + used_columns - 2;
}

Plan plan(const Gemm &gemm, const Config &config) {
  for (const int64_t size : {gemm.m, gemm.n, gemm.k, gemm.count})
    if (size < 1)
      fail(Status::invalid_argument, "a product of ", gemm.m, " x ", gemm.k, " by ", gemm.k, " x ", gemm.n,
           ": expected sizes of at least 1");
  Plan made{};
  made.dataflow = config.dataflow;
  made.m = gemm.m, made.n = gemm.n, made.k = gemm.k, made.count = gemm.count;
  made.rows = config.rows, made.columns = config.columns;
  made.skip_partial = config.skip_partial;
  made.element = element_size(config);
  made.input_elements = gemm.input_elements > 0
                            ? gemm.input_elements
                            : require_within(int128{gemm.m} * gemm.k, "elements of the left operand", made);
  require_within(int128{gemm.m} * gemm.k * made.element, "bytes of the left operand", made);
  require_within(int128{gemm.k} * gemm.n * made.element, "bytes of the right operand", made);
  require_within(int128{gemm.m} * gemm.n * accumulator_size, "bytes of the result", made);
  require_within(int128{require_within(int128{gemm.m} * gemm.k, "elements", made)} * gemm.n, "multiplications", made);
  require_within(int128{gemm.m} * gemm.k * gemm.n * gemm.count, "multiplications", made);
  map_onto_array(made);
  count_compute_cycles(made, config.scalesim_compatible);
  divide_scratchpad(made, config);
  return made;
}

Counters closed_form(const Plan &plan, const Config &config) {
  const Traffic once{int128{plan.m} * plan.k * plan.element, int128{plan.k} * plan.n * plan.element,
                     int128{plan.m} * plan.n * accumulator_size};
  Counters counters;
  if (plan.input_fits)
    counters.dram_read_input = require_within(int128{plan.input_elements} * plan.element * plan.count, "bytes", plan);
  if (plan.dataflow == Dataflow::output_stationary)
    count_stationary_outputs(plan, once, counters);
  else
    count_stationary_operands(plan, once, counters);
  counters.dram_written_output = require_within(once.output * plan.count, "bytes", plan);
  counters.scratchpad_written_input = counters.dram_read_input;
  counters.scratchpad_written_weight = counters.dram_read_weight;
  counters.scratchpad_read_input = counters.array_read_input;
  counters.scratchpad_read_weight = counters.array_read_weight;
  require_within(int128{counters.dram_read_input} + counters.dram_read_weight + counters.dram_read_partial +
                     counters.dram_written_output + counters.dram_written_partial,
                 "bytes", plan);
  counters.macs = plan.m * plan.k * plan.n * plan.count;
  counters.folds = plan.folds() * plan.count;
  counters.compute_cycles = plan.compute_cycles;
  const double seconds = static_cast<double>(counters.dram_bytes()) / config.dram.peak_bandwidth();
  const auto transfer_cycles = static_cast<int64_t>(std::ceil(seconds * static_cast<double>(config.clock_mhz) * 1e6));
  counters.cycles = std::max(counters.compute_cycles, transfer_cycles);
  counters.count_energy(config);
  return counters;
}

}  // namespace penstock::core::kpu
