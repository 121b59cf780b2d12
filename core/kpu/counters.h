// What a run is measured by.  Cycles are the array's; traffic is in bytes.
#pragma once

#include <array>
#include <cstdint>

#include "core/kpu/config.h"

namespace penstock::core::kpu {

struct Counters {
  int64_t cycles = 0;          // from the first request to the last byte stored
  int64_t compute_cycles = 0;  // the folds' own
  int64_t stall_cycles = 0;    // the array waited for the memory, the last stores included
  int64_t bank_conflict_cycles = 0;
  int64_t vector_cycles = 0;
  int64_t macs = 0;
  int64_t folds = 0;

  // External memory to and from the scratchpad.  partial: sums over K that had to leave and come back.
  int64_t dram_read_input = 0, dram_read_weight = 0, dram_read_partial = 0;
  int64_t dram_written_output = 0, dram_written_partial = 0;
  // The scratchpad: filled by DMA, read by the streamers.
  int64_t scratchpad_written_input = 0, scratchpad_written_weight = 0;
  int64_t scratchpad_read_input = 0, scratchpad_read_weight = 0;
  // The array's edges.
  int64_t array_read_input = 0, array_read_weight = 0, array_written_output = 0;
  int64_t accumulator_written = 0, accumulator_read = 0;
  int64_t vector_operations = 0;

  int64_t transfers = 0;           // of the DMA engine
  int64_t critical_transfers = 0;  // those that the array waited for
  int64_t worst_latency = 0;       // cycles from a request to its first byte, in an idle memory: the most
  int64_t transfer_cycles = 0;     // cycles of all transfers beyond their latencies
  int64_t dram_hits = 0, dram_closed = 0, dram_conflicts = 0, dram_refreshes = 0;

  std::array<double, energy_part_count> energy{};  // pJ
  double total_energy() const;

  int64_t dram_bytes() const;
  int64_t scratchpad_bytes() const;

  // What follows from the counts by the configuration's table.
  void count_energy(const Config &config);
  void add(const Counters &other);  // another run after this one

  // The fewest and the most cycles that the compute cycles, the transfers and the latencies on the critical path allow.
  int64_t least_cycles() const;
  int64_t most_cycles() const;
};

}  // namespace penstock::core::kpu
