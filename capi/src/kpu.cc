// Configurations, topologies and estimates of kpu.h; kpu_device.cc has the devices.

#include "capi/src/kpu_handles.h"
#include "capi/src/text_result.h"
#include "core/kpu/plan.h"

using namespace penstock;

namespace {

ps_kpu_config *wrap_config(const core::kpu::Config &config) {
  return reinterpret_cast<ps_kpu_config *>(new KpuConfigHandle(config));
}

ps_kpu_topology *wrap_topology(core::kpu::Topology topology) {
  return reinterpret_cast<ps_kpu_topology *>(new KpuTopologyHandle(std::move(topology)));
}

// The counters as a C program sees them.
ps_kpu_counters to_public(const core::kpu::Counters &counters) {
  ps_kpu_counters out = PS_KPU_COUNTERS_INIT;
  out.cycles = counters.cycles;
  out.compute_cycles = counters.compute_cycles;
  out.stall_cycles = counters.stall_cycles;
  out.bank_conflict_cycles = counters.bank_conflict_cycles;
  out.vector_cycles = counters.vector_cycles;
  out.macs = counters.macs;
  out.folds = counters.folds;
  out.dram_read_input = counters.dram_read_input;
  out.dram_read_weight = counters.dram_read_weight;
  out.dram_read_partial = counters.dram_read_partial;
  out.dram_written_output = counters.dram_written_output;
  out.dram_written_partial = counters.dram_written_partial;
  out.scratchpad_written_input = counters.scratchpad_written_input;
  out.scratchpad_written_weight = counters.scratchpad_written_weight;
  out.scratchpad_read_input = counters.scratchpad_read_input;
  out.scratchpad_read_weight = counters.scratchpad_read_weight;
  out.array_read_input = counters.array_read_input;
  out.array_read_weight = counters.array_read_weight;
  out.array_written_output = counters.array_written_output;
  out.accumulator_written = counters.accumulator_written;
  out.accumulator_read = counters.accumulator_read;
  out.vector_operations = counters.vector_operations;
  out.transfers = counters.transfers;
  out.critical_transfers = counters.critical_transfers;
  out.transfer_cycles = counters.transfer_cycles;
  out.worst_latency = counters.worst_latency;
  out.dram_hits = counters.dram_hits;
  out.dram_closed = counters.dram_closed;
  out.dram_conflicts = counters.dram_conflicts;
  out.dram_refreshes = counters.dram_refreshes;
  out.least_cycles = counters.least_cycles();
  out.most_cycles = counters.most_cycles();
  out.energy_mac = counters.energy[0];
  out.energy_accumulator = counters.energy[1];
  out.energy_scratchpad = counters.energy[2];
  out.energy_dram = counters.energy[3];
  out.energy_vector = counters.energy[4];
  return out;
}

}  // namespace

namespace penstock {

const core::kpu::Layer &layer_of(const ps_kpu_topology *topology, int64_t index) {
  require_not_null(topology, "topology");
  const core::kpu::Topology &layers = unwrap(topology);
  const auto count = static_cast<int64_t>(layers.size());
  if (index < 0 || index >= count)
    core::fail(core::Status::out_of_range, "index ", index, " is outside the ", count, " layers of this topology");
  return layers[static_cast<size_t>(index)];
}

void write_counters(ps_kpu_counters *counters, const core::kpu::Counters &found) {
  ps_kpu_counters filled = to_public(found);
  write_options(counters, counters->struct_size, filled);
}

}  // namespace penstock

ps_status ps_kpu_config_create(ps_kpu_config **out, const char *preset) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap_config(core::kpu::preset(preset == nullptr ? "default" : preset));
  });
}

ps_status ps_kpu_config_parse(ps_kpu_config **out, const char *text, const char *place) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(text, "text");
    require_not_null(place, "place");
    *out = wrap_config(core::kpu::parse_config(text, place));
  });
}

ps_status ps_kpu_config_load(ps_kpu_config **out, const char *path) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    *out = wrap_config(core::kpu::load_config(path));
  });
}

ps_kpu_config *ps_kpu_config_retain(ps_kpu_config *config) { return retained(config, handle_of(config), "config"); }

void ps_kpu_config_release(ps_kpu_config *config) {
  if (config != nullptr) handle_of(config)->release();
}

ps_status ps_kpu_config_set(ps_kpu_config *config, const char *name, const char *value) {
  return guarded([&] {
    require_not_null(config, "config");
    require_not_null(name, "name");
    require_not_null(value, "value");
    core::kpu::set_value(handle_of(config)->config, name, value);
  });
}

ps_status ps_kpu_config_get(uint64_t *length, char *text, uint64_t capacity, const ps_kpu_config *config,
                            const char *name) {
  return guarded([&] {
    require_length_and_text(length, text, capacity);
    require_not_null(config, "config");
    give_length_and_text(
        length, text, capacity,
        name == nullptr ? core::kpu::config_as_json(unwrap(config)) : core::kpu::get_value(unwrap(config), name));
  });
}

const char *ps_kpu_config_name(int64_t index) {
  const auto names = core::kpu::value_names();
  return index >= 0 && index < static_cast<int64_t>(names.size()) ? names[static_cast<size_t>(index)].data() : nullptr;
}

ps_status ps_kpu_memory_timing_init(ps_kpu_memory_timing *timing, uint32_t struct_size) {
  return guarded([&] { init_options(timing, struct_size, "timing"); });
}

ps_status ps_kpu_config_measure_memory(ps_kpu_memory_timing *timing, const ps_kpu_config *config) {
  return guarded([&] {
    require_result(timing, "timing");
    require_not_null(config, "config");
    core::kpu::validate(unwrap(config));
    const core::kpu::DramTiming &dram = unwrap(config).dram;
    const core::kpu::DramProbe found = core::kpu::probe(dram);
    ps_kpu_memory_timing filled = PS_KPU_MEMORY_TIMING_INIT;
    filled.closed_nanoseconds = found.closed_nanoseconds;
    filled.hit_nanoseconds = found.hit_nanoseconds;
    filled.conflict_nanoseconds = found.conflict_nanoseconds;
    filled.streaming_bandwidth = found.streaming_bandwidth;
    filled.random_bandwidth = found.random_bandwidth;
    filled.peak_bandwidth = dram.peak_bandwidth();
    write_options(timing, timing->struct_size, filled);
  });
}

ps_status ps_kpu_topology_parse(ps_kpu_topology **out, const char *text, const char *place, int32_t compatible) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(text, "text");
    require_not_null(place, "place");
    *out = wrap_topology(core::kpu::parse_topology(text, place, require_flag(compatible, "compatible")));
  });
}

ps_status ps_kpu_topology_load(ps_kpu_topology **out, const char *path, int32_t compatible) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    const bool splits = require_flag(compatible, "compatible");
    *out = wrap_topology(core::kpu::parse_topology(core::kpu::read_text(path), path, splits));
  });
}

ps_kpu_topology *ps_kpu_topology_retain(ps_kpu_topology *topology) {
  return retained(topology, handle_of(topology), "topology");
}

void ps_kpu_topology_release(ps_kpu_topology *topology) {
  if (topology != nullptr) handle_of(topology)->release();
}

int64_t ps_kpu_topology_count(const ps_kpu_topology *topology) {
  return guarded_getter<int64_t>(-1, [&] {
    require_not_null(topology, "topology");
    return static_cast<int64_t>(unwrap(topology).size());
  });
}

const char *ps_kpu_topology_name(const ps_kpu_topology *topology, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] { return layer_of(topology, index).name.c_str(); });
}

ps_status ps_kpu_layer_init(ps_kpu_layer *layer, uint32_t struct_size) {
  return guarded([&] { init_options(layer, struct_size, "layer"); });
}

ps_status ps_kpu_topology_layer(ps_kpu_layer *layer, const ps_kpu_topology *topology, int64_t index) {
  return guarded([&] {
    require_result(layer, "layer");
    const core::kpu::Layer &found = layer_of(topology, index);
    write_options(layer, layer->struct_size,
                  ps_kpu_layer{sizeof(ps_kpu_layer), 0, found.height, found.width, found.filter_height,
                               found.filter_width, found.channels, found.filters, found.stride, found.groups});
  });
}

ps_status ps_kpu_counters_init(ps_kpu_counters *counters, uint32_t struct_size) {
  return guarded([&] { init_options(counters, struct_size, "counters"); });
}

ps_status ps_kpu_estimate(ps_kpu_counters *counters, const ps_kpu_config *config, const ps_kpu_topology *topology,
                          int64_t index, int64_t batch) {
  return guarded([&] {
    require_result(counters, "counters");
    require_not_null(config, "config");
    const core::kpu::Layer &layer = layer_of(topology, index);
    const core::kpu::Config &values = unwrap(config);
    core::kpu::validate(values);
    write_counters(counters,
                   core::kpu::closed_form(core::kpu::plan(core::kpu::gemm_of(layer, batch, values), values), values));
  });
}
