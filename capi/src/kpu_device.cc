// Devices of kpu.h.
#include <utility>

#include "capi/src/handles.h"
#include "capi/src/kpu_handles.h"
#include "capi/src/recording.h"
#include "core/kpu/program.h"
#include "core/tensor/create.h"

using namespace penstock;

namespace {

core::kpu::MemoryKind read_memory(ps_kpu_memory memory, const char *name) {
  require_enum(memory, PS_KPU_SCRATCHPAD, name);
  return static_cast<core::kpu::MemoryKind>(memory);
}

core::kpu::Device &device_of(ps_kpu *kpu) {
  require_not_null(kpu, "kpu");
  return handle_of(kpu)->device;
}

const core::kpu::Device &device_of(const ps_kpu *kpu) {
  require_not_null(kpu, "kpu");
  return unwrap(kpu);
}

void require_data(const void *data, int64_t nbytes) {
  if (nbytes < 0) core::fail(core::Status::invalid_argument, "nbytes is ", nbytes, ": expected 0 or more");
  if (nbytes > 0) require_not_null(data, "data");
}

size_t require_job(const core::kpu::Device &device, int64_t index) {
  const auto count = static_cast<int64_t>(device.jobs().size());
  if (index < 0 || index >= count)
    core::fail(core::Status::out_of_range, "index ", index, " is outside the ", count, " jobs of this device");
  return static_cast<size_t>(index);
}

core::Tensor int64_matrix(int64_t rows, int64_t columns) {
  return core::empty(core::DType::int64, {rows, columns}, {});
}

}  // namespace

ps_status ps_kpu_create(ps_kpu **out, const ps_kpu_config *config) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(config, "config");
    *out = reinterpret_cast<ps_kpu *>(new KpuHandle(unwrap(config)));
  });
}

ps_kpu *ps_kpu_retain(ps_kpu *kpu) { return retained(kpu, handle_of(kpu), "kpu"); }

void ps_kpu_release(ps_kpu *kpu) {
  if (kpu != nullptr) handle_of(kpu)->release();
}

ps_status ps_kpu_write(ps_kpu *kpu, ps_kpu_memory memory, int64_t address, const void *data, int64_t nbytes) {
  return guarded([&] {
    core::kpu::Device &device = device_of(kpu);
    require_data(data, nbytes);
    device.write(read_memory(memory, "memory"), address,
                 {static_cast<const std::byte *>(data), static_cast<size_t>(nbytes)});
  });
}

ps_status ps_kpu_read(void *data, const ps_kpu *kpu, ps_kpu_memory memory, int64_t address, int64_t nbytes) {
  return guarded([&] {
    const core::kpu::Device &device = device_of(kpu);
    require_data(data, nbytes);
    device.read(read_memory(memory, "memory"), address, {static_cast<std::byte *>(data), static_cast<size_t>(nbytes)});
  });
}

ps_status ps_kpu_transfer(ps_kpu *kpu, ps_kpu_memory to, int64_t to_address, ps_kpu_memory from, int64_t from_address,
                          int64_t nbytes) {
  return guarded([&] {
    device_of(kpu).transfer(read_memory(to, "to"), to_address, read_memory(from, "from"), from_address, nbytes);
  });
}

ps_status ps_kpu_matmul(ps_tensor **out, ps_kpu *kpu, const ps_tensor *a, const ps_tensor *b) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(a, "a");
    require_not_null(b, "b");
    require_not_recorded("ps_kpu_matmul", {a, b});
    *out = wrap(device_of(kpu).matmul(penstock::unwrap(a), penstock::unwrap(b)));
  });
}

ps_status ps_kpu_conv_options_init(ps_kpu_conv_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_kpu_conv2d(ps_tensor **out, ps_kpu *kpu, const ps_tensor *images, const ps_tensor *filters,
                        const ps_kpu_conv_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(images, "images");
    require_not_null(filters, "filters");
    const ps_kpu_conv_options given = read_options(options);
    require_reserved_is_zero(given);
    core::kpu::Convolution sizes;
    sizes.stride = given.stride;
    sizes.padding = given.padding;
    sizes.groups = given.groups;
    require_not_recorded("ps_kpu_conv2d", {images, filters});
    *out = wrap(device_of(kpu).conv2d(penstock::unwrap(images), penstock::unwrap(filters), sizes));
  });
}

ps_status ps_kpu_simulate(ps_kpu *kpu, const ps_kpu_topology *topology, int64_t index, int64_t batch) {
  return guarded([&] { device_of(kpu).simulate(layer_of(topology, index), batch); });
}

ps_status ps_kpu_run(ps_kpu *kpu, const char *program) {
  return guarded([&] {
    core::kpu::Device &device = device_of(kpu);
    require_not_null(program, "program");
    core::kpu::run_program(device, program);
  });
}

ps_status ps_kpu_reset(ps_kpu *kpu) {
  return guarded([&] { device_of(kpu).reset(); });
}

int64_t ps_kpu_job_count(const ps_kpu *kpu) {
  return guarded_getter<int64_t>(-1, [&] { return static_cast<int64_t>(device_of(kpu).jobs().size()); });
}

const char *ps_kpu_job_name(const ps_kpu *kpu, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    const core::kpu::Device &device = device_of(kpu);
    return device.timeline().jobs[require_job(device, index)].c_str();
  });
}

ps_status ps_kpu_job_counters(ps_kpu_counters *counters, const ps_kpu *kpu, int64_t index) {
  return guarded([&] {
    require_result(counters, "counters");
    const core::kpu::Device &device = device_of(kpu);
    write_counters(counters, index == -1 ? device.totals() : device.jobs()[require_job(device, index)]);
  });
}

ps_status ps_kpu_timeline(ps_tensor **out, const ps_kpu *kpu) {
  return guarded([&] {
    require_not_null(out, "out");
    const auto &spans = device_of(kpu).timeline().spans;
    core::Tensor table = int64_matrix(static_cast<int64_t>(spans.size()), 5);
    auto *cell = reinterpret_cast<int64_t *>(table.data);
    for (const core::kpu::Span &span : spans)
      for (const int64_t number :
           {static_cast<int64_t>(span.kind), int64_t{span.job}, span.begin, span.end, span.bytes})
        *cell++ = number;
    *out = wrap(std::move(table));
  });
}

ps_status ps_kpu_save_timeline(const ps_kpu *kpu, const char *path) {
  return guarded([&] {
    const core::kpu::Device &device = device_of(kpu);
    require_not_null(path, "path");
    core::kpu::save_trace(device.timeline(), device.config().clock_mhz, path);
  });
}

ps_status ps_kpu_bank_activity(ps_tensor **out, int64_t *interval_cycles, const ps_kpu *kpu, ps_kpu_memory memory) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(interval_cycles, "interval_cycles");
    const core::kpu::BankActivity &activity = device_of(kpu).activity(read_memory(memory, "memory"));
    core::Tensor table = int64_matrix(activity.intervals(), activity.banks());
    auto *cell = reinterpret_cast<int64_t *>(table.data);
    for (int64_t interval = 0; interval < activity.intervals(); ++interval)
      for (int64_t bank = 0; bank < activity.banks(); ++bank) *cell++ = activity.bytes(bank, interval);
    *out = wrap(std::move(table));
    *interval_cycles = activity.interval_cycles();
  });
}
