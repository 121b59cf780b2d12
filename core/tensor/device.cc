#include "core/tensor/device.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/tensor/cuda_device.h"

namespace penstock::core {
namespace {

thread_local Device current_default;

// What the plug-in says is put behind the device that was asked for.
void require_cuda_device(Device device) {
  int32_t count = 0;
  try {
    count = cuda_device_count();
  } catch (const Error &error) {
    fail(error.status(), "device ", device, " is not available: ", error.sentence());
  }
  if (device.id >= count)
    fail(Status::out_of_range, "there is no CUDA device ", device.id, ": ids go from 0 to ", count - 1);
}

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
  require_cuda_device(device);
  return device;
}

Device default_device() { return current_default; }
void set_default_device(Device device) { current_default = device; }

}  // namespace penstock::core
