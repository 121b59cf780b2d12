#include <penstock/stream.h>
#include <unistd.h>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "core/tensor/cuda_device.h"
#include "core/tensor/device.h"
#include "core/tensor/transfer.h"

using namespace penstock;

namespace penstock {

template <>
struct OptionsLayout<ps_device_info> {
  static constexpr ps_device_info defaults = PS_DEVICE_INFO_INIT;
  static constexpr const char *name = "ps_device_info";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_device_info, struct_size),   PS_FIELD_END(ps_device_info, compute_major),
      PS_FIELD_END(ps_device_info, compute_minor), PS_FIELD_END(ps_device_info, reserved),
      PS_FIELD_END(ps_device_info, memory_bytes),  PS_FIELD_END(ps_device_info, name)};
};

}  // namespace penstock

namespace {

ps_device_info describe(core::Device device, uint32_t struct_size) {
  ps_device_info info = PS_DEVICE_INFO_INIT;
  info.struct_size = struct_size;
  if (device.type == core::DeviceType::cpu) {
    info.name = "CPU";
    info.memory_bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    return info;
  }
  const core::DeviceDescription &found = core::describe_cuda_device(device.id);
  info.name = found.name;
  info.compute_major = found.compute_major;
  info.compute_minor = found.compute_minor;
  info.memory_bytes = found.memory_nbytes;
  return info;
}

}  // namespace

ps_status ps_device_count(int32_t *count, ps_device_type device_type) {
  return guarded([&] {
    require_not_null(count, "count");
    const core::Device device = core::resolve_device(device_type, 0);
    *count = device.type == core::DeviceType::cpu ? 1 : core::cuda_device_count();
  });
}

ps_status ps_device_info_init(ps_device_info *info, uint32_t struct_size) {
  return guarded([&] { init_options(info, struct_size, "info"); });
}

ps_status ps_device_describe(ps_device_info *info, ps_device_type device_type, int32_t device_id) {
  return guarded([&] {
    require_result(info, "info");
    write_options(info, info->struct_size, describe(core::resolve_device(device_type, device_id), info->struct_size));
  });
}

ps_status ps_set_stream(ps_device_type device_type, int32_t device_id, void *stream) {
  return guarded([&] { core::set_current_stream(core::resolve_device(device_type, device_id), stream); });
}

ps_status ps_get_stream(void **stream, ps_device_type device_type, int32_t device_id) {
  return guarded([&] {
    require_not_null(stream, "stream");
    *stream = core::current_stream(core::resolve_device(device_type, device_id));
  });
}

ps_status ps_stream_wait(ps_device_type device_type, int32_t device_id, void *waiting, void *awaited) {
  return guarded([&] { core::wait_for_stream(core::resolve_device(device_type, device_id), waiting, awaited); });
}

ps_status ps_synchronize(ps_device_type device_type, int32_t device_id) {
  return guarded([&] { core::synchronize(core::resolve_device(device_type, device_id)); });
}

ps_status ps_tensor_lend_to_stream(ps_tensor *tensor, void *stream) {
  return guarded([&] {
    require_not_null(tensor, "tensor");
    core::lend_to_stream(unwrap(tensor), stream);
  });
}

ps_status ps_tensor_take_from_stream(ps_tensor *tensor, void *stream) {
  return guarded([&] {
    require_not_null(tensor, "tensor");
    core::take_from_stream(unwrap(tensor), stream);
  });
}
