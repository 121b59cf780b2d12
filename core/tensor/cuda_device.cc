#include "core/tensor/cuda_device.h"

#include <array>
#include <atomic>
#include <mutex>

#include "core/base/plugin.h"
#include "core/base/text.h"

namespace penstock::core {
namespace {

void *const legacy_stream = reinterpret_cast<void *>(uintptr_t{1});  // NOLINT(performance-no-int-to-ptr): CUDA's number

thread_local std::array<void *, max_cuda_devices> current_streams{};  // null: the legacy default stream

}  // namespace

const DeviceFunctions &cuda_functions() {
  static std::atomic<const DeviceFunctions *> opened{nullptr};
  const DeviceFunctions *functions = opened.load(std::memory_order_acquire);
  if (functions != nullptr) return *functions;
  functions = static_cast<const DeviceFunctions *>(open_plugin("cuda").functions);
  opened.store(functions, std::memory_order_release);
  return *functions;
}

int32_t cuda_device_count() {
  static std::atomic<int32_t> known{0};  // asked again until there is one: a failure may pass
  const int32_t count = known.load(std::memory_order_relaxed);
  if (count > 0) return count;
  int32_t found = 0;
  call_cuda(&DeviceFunctions::count, &found);
  if (found > max_cuda_devices) found = max_cuda_devices;
  known.store(found, std::memory_order_relaxed);
  return found;
}

const DeviceDescription &describe_cuda_device(int32_t id) {
  static std::mutex mutex;
  static std::array<DeviceDescription, max_cuda_devices> known;
  const std::lock_guard lock(mutex);
  DeviceDescription &description = known[static_cast<size_t>(id)];
  if (description.name[0] == '\0') call_cuda(&DeviceFunctions::describe, &description, id);
  return description;
}

void throw_failure(const DeviceFailure &failure) { throw Error(failure.status, failure.sentence); }

void *known_stream(void *stream) { return stream != nullptr ? stream : legacy_stream; }

void *current_stream(Device device) {
  if (device.type != DeviceType::cuda) return nullptr;
  return known_stream(current_streams[static_cast<size_t>(device.id)]);
}

void set_current_stream(Device device, void *stream) {
  if (device.type == DeviceType::cuda) current_streams[static_cast<size_t>(device.id)] = stream;
}

void synchronize(Device device) {
  if (device.type == DeviceType::cuda) call_cuda(&DeviceFunctions::synchronize, device.id, current_stream(device));
}

void wait_for_stream(Device device, void *waiting, void *awaited) {
  if (device.type != DeviceType::cuda || known_stream(waiting) == known_stream(awaited)) return;
  call_cuda(&DeviceFunctions::wait, known_stream(waiting), device.id, known_stream(awaited), device.id);
}

void wait_for_device(Device waiting, Device awaited) {
  call_cuda(&DeviceFunctions::wait, current_stream(waiting), waiting.id, current_stream(awaited), awaited.id);
}

}  // namespace penstock::core
