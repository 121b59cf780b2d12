// The engine's way to GPUs: the CUDA plug-in opened at first use, its failures as exceptions, and each thread's current
// streams.
#pragma once

#include <cstdint>

#include "core/base/error.h"
#include "core/tensor/device.h"
#include "core/tensor/device_functions.h"

namespace penstock::core {

// The most GPUs of a machine that are served.
inline constexpr int32_t max_cuda_devices = 64;

// The plug-in's table.  Throws unavailable, with what to install, where there is none or the machine has no driver.
const DeviceFunctions &cuda_functions();

// How many GPUs this process can use, at least 1.  Throws unavailable where there is none.
int32_t cuda_device_count();
const DeviceDescription &describe_cuda_device(int32_t id);  // kept for good

// Calls a function of the table and throws what it reports: call_cuda(&DeviceFunctions::synchronize, id, stream).
[[noreturn]] void throw_failure(const DeviceFailure &failure);
template <typename... Parameters, typename... Arguments>
void call_cuda(bool (*DeviceFunctions::*function)(Parameters...), Arguments... arguments) {
  DeviceFailure failure;
  if (!(cuda_functions().*function)(arguments..., &failure)) throw_failure(failure);
}

// This thread's stream for a GPU: where the engine queues its work.  The legacy default stream (1, as CUDA and DLPack number
// it) until one is set; null sets that one again.  The CPU has none: null, and nothing to set or wait for.
void *current_stream(Device device);
void *known_stream(void *stream);  // null as the legacy default stream, any other as it is
void set_current_stream(Device device, void *stream);
void synchronize(Device device);
void wait_for_stream(Device device, void *waiting, void *awaited);  // null is the legacy default stream here too
void wait_for_device(Device waiting, Device awaited);               // the one's current stream for the other's

}  // namespace penstock::core
