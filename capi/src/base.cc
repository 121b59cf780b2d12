#include <penstock/base.h>

#include "capi/src/guard.h"
#include "capi/src/options.h"
#include "core/base/log.h"
#include "core/base/thread_pool.h"
#include "core/base/trace.h"
#include "core/base/version.h"
#include "core/tensor/device.h"
#include "core/tensor/storage.h"

using namespace penstock;

namespace {

template <typename Core, typename C>
constexpr bool same(Core core_value, C c_value) {
  return static_cast<int32_t>(core_value) == static_cast<int32_t>(c_value);
}
static_assert(same(core::Status::ok, PS_OK) && same(core::Status::invalid_argument, PS_INVALID_ARGUMENT));
static_assert(same(core::Status::out_of_range, PS_OUT_OF_RANGE) && same(core::Status::type_mismatch, PS_TYPE_MISMATCH));
static_assert(same(core::Status::not_found, PS_NOT_FOUND) && same(core::Status::io_error, PS_IO_ERROR));
static_assert(same(core::Status::out_of_memory, PS_OUT_OF_MEMORY) && same(core::Status::read_only, PS_READ_ONLY));
static_assert(same(core::Status::data_error, PS_DATA_ERROR) && same(core::Status::unavailable, PS_UNAVAILABLE));
static_assert(same(core::Status::cancelled, PS_CANCELLED) && same(core::Status::timed_out, PS_TIMED_OUT));
static_assert(same(core::Status::not_exportable, PS_NOT_EXPORTABLE) && same(core::Status::internal, PS_INTERNAL));
static_assert(same(core::DeviceType::cpu, PS_DEVICE_CPU) && same(core::DeviceType::cuda, PS_DEVICE_CUDA));
static_assert(same(core::LogLevel::off, PS_LOG_OFF) && same(core::LogLevel::error, PS_LOG_ERROR));
static_assert(same(core::LogLevel::warning, PS_LOG_WARNING) && same(core::LogLevel::info, PS_LOG_INFO));
static_assert(same(core::LogLevel::debug, PS_LOG_DEBUG));

}  // namespace

namespace penstock {

template <>
struct OptionsLayout<ps_memory_usage> {
  static constexpr ps_memory_usage defaults = PS_MEMORY_USAGE_INIT;
  static constexpr const char *name = "ps_memory_usage";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_memory_usage, struct_size),   PS_FIELD_END(ps_memory_usage, reserved),
      PS_FIELD_END(ps_memory_usage, live_bytes),    PS_FIELD_END(ps_memory_usage, peak_bytes),
      PS_FIELD_END(ps_memory_usage, live_storages), PS_FIELD_END(ps_memory_usage, wrapped_bytes)};
};

}  // namespace penstock

const char *ps_version(void) { return core::version(); }

uint32_t ps_abi_version(void) { return PS_ABI_VERSION_MAJOR << 16 | PS_ABI_VERSION_MINOR; }

const char *ps_last_error(void) { return last_error(); }

void ps_clear_error(void) { clear_error(); }

const char *ps_status_name(ps_status status) {
  static constexpr const char *names[] = {
      "PS_OK",        "PS_INVALID_ARGUMENT", "PS_OUT_OF_RANGE",   "PS_TYPE_MISMATCH", "PS_NOT_FOUND",
      "PS_IO_ERROR",  "PS_OUT_OF_MEMORY",    "PS_READ_ONLY",      "PS_DATA_ERROR",    "PS_UNAVAILABLE",
      "PS_CANCELLED", "PS_TIMED_OUT",        "PS_NOT_EXPORTABLE", "PS_INTERNAL"};
  return guarded_getter<const char *>(nullptr, [&] {
    require_enum(status, PS_INTERNAL, "status");
    return names[status];
  });
}

ps_status ps_set_device(ps_device_type device_type, int32_t device_id) {
  return guarded([&] {
    const bool back_to_cpu = device_type == PS_DEVICE_DEFAULT;
    core::set_default_device(back_to_cpu ? core::Device{} : core::resolve_device(device_type, device_id));
  });
}

ps_status ps_get_device(ps_device_type *device_type, int32_t *device_id) {
  return guarded([&] {
    require_not_null(device_type, "device_type");
    require_not_null(device_id, "device_id");
    const core::Device device = core::default_device();
    *device_type = static_cast<ps_device_type>(device.type);
    *device_id = device.id;
  });
}

ps_status ps_memory_usage_init(ps_memory_usage *usage, uint32_t struct_size) {
  return guarded([&] { init_options(usage, struct_size, "usage"); });
}

ps_status ps_memory_stats(ps_memory_usage *usage, ps_device_type device_type, int32_t device_id) {
  return guarded([&] {
    require_result(usage, "usage");
    const core::MemoryUsage now = core::memory_usage(core::resolve_device(device_type, device_id));
    const ps_memory_usage filled = {usage->struct_size, 0, now.live_bytes, now.peak_bytes, now.live_storages,
                                    now.wrapped_bytes};
    write_options(usage, usage->struct_size, filled);
  });
}

ps_status ps_set_num_threads(int32_t num_threads) {
  return guarded([&] { core::process_pool().set_num_threads(num_threads); });
}

int32_t ps_get_num_threads(void) {
  return guarded_getter<int32_t>(1, [] { return core::process_pool().num_threads(); });
}

ps_status ps_log_set_sink(ps_log_function sink, void *user, ps_log_level level) {
  return guarded([&] {
    require_enum(level, PS_LOG_DEBUG, "level");
    // The two function types differ in the name of the enum only, and both enums are int32_t underneath.
    core::set_log_sink(reinterpret_cast<core::LogSink>(sink), user, static_cast<core::LogLevel>(level));
  });
}

ps_status ps_trace_start(const char *path) {
  return guarded([&] {
    require_not_null(path, "path");
    core::trace_start(path);
  });
}

ps_status ps_trace_stop(void) {
  return guarded([] { core::trace_stop(); });
}
