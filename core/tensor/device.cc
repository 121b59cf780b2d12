#include "core/tensor/device.h"

#include "core/base/error.h"
#include "core/base/plugin.h"

namespace penstock::core {
namespace {

thread_local Device current_default;

}  // namespace

void append_part(std::string &out, Device device) {
  if (device.type == DeviceType::cpu) {
    out += "cpu";
    return;
  }
  out += "cuda:";
  append_part(out, device.id);
}

Device resolve_device(int32_t type, int32_t id) {
  if (type == 0) return current_default;
  if (type != static_cast<int32_t>(DeviceType::cpu) && type != static_cast<int32_t>(DeviceType::cuda))
    fail(Status::invalid_argument, "device type ", type, " is unknown: expected 0 (default), 1 (CPU) or 2 (CUDA)");
  const Device device{static_cast<DeviceType>(type), id};
  if (device.type == DeviceType::cpu) {
    if (id != 0) fail(Status::out_of_range, "there is no CPU device ", id, ": the only id is 0");
    return device;
  }
  if (id < 0) fail(Status::out_of_range, "there is no CUDA device ", id, ": ids count from 0");
  fail(Status::unavailable, "device ", device, " is not available: ", plugin_status("cuda"));
}

Device default_device() { return current_default; }
void set_default_device(Device device) { current_default = device; }

}  // namespace penstock::core
