#include "core/kpu/counters.h"

#include <algorithm>

namespace penstock::core::kpu {

int64_t Counters::dram_bytes() const {
  return dram_read_input + dram_read_weight + dram_read_partial + dram_written_output + dram_written_partial;
}

int64_t Counters::scratchpad_bytes() const {
  return scratchpad_written_input + scratchpad_written_weight + scratchpad_read_input + scratchpad_read_weight;
}

double Counters::total_energy() const {
  double total = 0;
  for (const double part : energy) total += part;
  return total;
}

void Counters::count_energy(const Config &config) {
  const int64_t counts[energy_part_count] = {macs, accumulator_written + accumulator_read, scratchpad_bytes(),
                                             dram_bytes(), vector_operations};
  for (size_t part = 0; part < energy.size(); ++part)
    energy[part] = static_cast<double>(counts[part]) * energy_entry(config, static_cast<EnergyPart>(part)).picojoules;
}

void Counters::add(const Counters &other) {
  for (const auto member : {&Counters::cycles,
                            &Counters::compute_cycles,
                            &Counters::stall_cycles,
                            &Counters::bank_conflict_cycles,
                            &Counters::vector_cycles,
                            &Counters::macs,
                            &Counters::folds,
                            &Counters::dram_read_input,
                            &Counters::dram_read_weight,
                            &Counters::dram_read_partial,
                            &Counters::dram_written_output,
                            &Counters::dram_written_partial,
                            &Counters::scratchpad_written_input,
                            &Counters::scratchpad_written_weight,
                            &Counters::scratchpad_read_input,
                            &Counters::scratchpad_read_weight,
                            &Counters::array_read_input,
                            &Counters::array_read_weight,
                            &Counters::array_written_output,
                            &Counters::accumulator_written,
                            &Counters::accumulator_read,
                            &Counters::vector_operations,
                            &Counters::transfers,
                            &Counters::critical_transfers,
                            &Counters::transfer_cycles,
                            &Counters::dram_hits,
                            &Counters::dram_closed,
                            &Counters::dram_conflicts,
                            &Counters::dram_refreshes})
    this->*member += other.*member;
  worst_latency = std::max(worst_latency, other.worst_latency);
  for (size_t part = 0; part < energy.size(); ++part) energy[part] += other.energy[part];
}

int64_t Counters::least_cycles() const { return std::max(compute_cycles, transfer_cycles); }

int64_t Counters::most_cycles() const {
  return compute_cycles + bank_conflict_cycles + vector_cycles + transfer_cycles + critical_transfers * worst_latency;
}

}  // namespace penstock::core::kpu
