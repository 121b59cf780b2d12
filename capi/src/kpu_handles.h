// What the shims of kpu.h share: the handles, the structs that can grow, and reading what a caller gives.
#pragma once

#include <penstock/kpu.h>

#include <string>

#include "capi/src/guard.h"
#include "capi/src/options.h"
#include "core/base/reference.h"
#include "core/kpu/config_file.h"
#include "core/kpu/device.h"

namespace penstock {

template <>
struct OptionsLayout<ps_kpu_memory_timing> {
  static constexpr ps_kpu_memory_timing defaults = PS_KPU_MEMORY_TIMING_INIT;
  static constexpr const char *name = "ps_kpu_memory_timing";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_kpu_memory_timing, struct_size),          PS_FIELD_END(ps_kpu_memory_timing, reserved),
      PS_FIELD_END(ps_kpu_memory_timing, closed_nanoseconds),   PS_FIELD_END(ps_kpu_memory_timing, hit_nanoseconds),
      PS_FIELD_END(ps_kpu_memory_timing, conflict_nanoseconds), PS_FIELD_END(ps_kpu_memory_timing, streaming_bandwidth),
      PS_FIELD_END(ps_kpu_memory_timing, random_bandwidth),     PS_FIELD_END(ps_kpu_memory_timing, peak_bandwidth)};
};

template <>
struct OptionsLayout<ps_kpu_layer> {
  static constexpr ps_kpu_layer defaults = PS_KPU_LAYER_INIT;
  static constexpr const char *name = "ps_kpu_layer";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_kpu_layer, struct_size),   PS_FIELD_END(ps_kpu_layer, reserved),
      PS_FIELD_END(ps_kpu_layer, height),        PS_FIELD_END(ps_kpu_layer, width),
      PS_FIELD_END(ps_kpu_layer, filter_height), PS_FIELD_END(ps_kpu_layer, filter_width),
      PS_FIELD_END(ps_kpu_layer, channels),      PS_FIELD_END(ps_kpu_layer, filters),
      PS_FIELD_END(ps_kpu_layer, stride),        PS_FIELD_END(ps_kpu_layer, groups)};
};

template <>
struct OptionsLayout<ps_kpu_counters> {
  static constexpr ps_kpu_counters defaults = PS_KPU_COUNTERS_INIT;
  static constexpr const char *name = "ps_kpu_counters";
  static constexpr uint32_t field_ends[] = {PS_FIELD_END(ps_kpu_counters, struct_size),
                                            PS_FIELD_END(ps_kpu_counters, reserved),
                                            PS_FIELD_END(ps_kpu_counters, cycles),
                                            PS_FIELD_END(ps_kpu_counters, compute_cycles),
                                            PS_FIELD_END(ps_kpu_counters, stall_cycles),
                                            PS_FIELD_END(ps_kpu_counters, bank_conflict_cycles),
                                            PS_FIELD_END(ps_kpu_counters, vector_cycles),
                                            PS_FIELD_END(ps_kpu_counters, macs),
                                            PS_FIELD_END(ps_kpu_counters, folds),
                                            PS_FIELD_END(ps_kpu_counters, least_cycles),
                                            PS_FIELD_END(ps_kpu_counters, most_cycles),
                                            PS_FIELD_END(ps_kpu_counters, dram_read_input),
                                            PS_FIELD_END(ps_kpu_counters, dram_read_weight),
                                            PS_FIELD_END(ps_kpu_counters, dram_read_partial),
                                            PS_FIELD_END(ps_kpu_counters, dram_written_output),
                                            PS_FIELD_END(ps_kpu_counters, dram_written_partial),
                                            PS_FIELD_END(ps_kpu_counters, scratchpad_written_input),
                                            PS_FIELD_END(ps_kpu_counters, scratchpad_written_weight),
                                            PS_FIELD_END(ps_kpu_counters, scratchpad_read_input),
                                            PS_FIELD_END(ps_kpu_counters, scratchpad_read_weight),
                                            PS_FIELD_END(ps_kpu_counters, array_read_input),
                                            PS_FIELD_END(ps_kpu_counters, array_read_weight),
                                            PS_FIELD_END(ps_kpu_counters, array_written_output),
                                            PS_FIELD_END(ps_kpu_counters, accumulator_written),
                                            PS_FIELD_END(ps_kpu_counters, accumulator_read),
                                            PS_FIELD_END(ps_kpu_counters, vector_operations),
                                            PS_FIELD_END(ps_kpu_counters, transfers),
                                            PS_FIELD_END(ps_kpu_counters, critical_transfers),
                                            PS_FIELD_END(ps_kpu_counters, transfer_cycles),
                                            PS_FIELD_END(ps_kpu_counters, worst_latency),
                                            PS_FIELD_END(ps_kpu_counters, dram_hits),
                                            PS_FIELD_END(ps_kpu_counters, dram_closed),
                                            PS_FIELD_END(ps_kpu_counters, dram_conflicts),
                                            PS_FIELD_END(ps_kpu_counters, dram_refreshes),
                                            PS_FIELD_END(ps_kpu_counters, energy_mac),
                                            PS_FIELD_END(ps_kpu_counters, energy_accumulator),
                                            PS_FIELD_END(ps_kpu_counters, energy_scratchpad),
                                            PS_FIELD_END(ps_kpu_counters, energy_dram),
                                            PS_FIELD_END(ps_kpu_counters, energy_vector)};
};

template <>
struct OptionsLayout<ps_kpu_conv_options> {
  static constexpr ps_kpu_conv_options defaults = PS_KPU_CONV_OPTIONS_INIT;
  static constexpr const char *name = "ps_kpu_conv_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_kpu_conv_options, struct_size), PS_FIELD_END(ps_kpu_conv_options, reserved),
      PS_FIELD_END(ps_kpu_conv_options, stride), PS_FIELD_END(ps_kpu_conv_options, padding),
      PS_FIELD_END(ps_kpu_conv_options, groups)};
};

struct KpuConfigHandle : core::Counted<KpuConfigHandle> {
  explicit KpuConfigHandle(core::kpu::Config value) : config(value) {}
  core::kpu::Config config;
};

struct KpuTopologyHandle : core::Counted<KpuTopologyHandle> {
  explicit KpuTopologyHandle(core::kpu::Topology value) : topology(std::move(value)) {}
  core::kpu::Topology topology;
};

struct KpuHandle : core::Counted<KpuHandle> {
  explicit KpuHandle(const core::kpu::Config &config) : device(config) {}
  core::kpu::Device device;
};

inline KpuConfigHandle *handle_of(ps_kpu_config *config) { return reinterpret_cast<KpuConfigHandle *>(config); }
inline KpuTopologyHandle *handle_of(ps_kpu_topology *topology) {
  return reinterpret_cast<KpuTopologyHandle *>(topology);
}
inline KpuHandle *handle_of(ps_kpu *kpu) { return reinterpret_cast<KpuHandle *>(kpu); }

inline const core::kpu::Config &unwrap(const ps_kpu_config *config) {
  return reinterpret_cast<const KpuConfigHandle *>(config)->config;
}
inline const core::kpu::Topology &unwrap(const ps_kpu_topology *topology) {
  return reinterpret_cast<const KpuTopologyHandle *>(topology)->topology;
}
inline const core::kpu::Device &unwrap(const ps_kpu *kpu) { return reinterpret_cast<const KpuHandle *>(kpu)->device; }

// Throws out_of_range.
const core::kpu::Layer &layer_of(const ps_kpu_topology *topology, int64_t index);

// Fills a caller's struct.
void write_counters(ps_kpu_counters *counters, const core::kpu::Counters &found);

}  // namespace penstock
