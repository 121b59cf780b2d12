// libcore_cuda.so: the engine's table of device functions, by CUDA.
#include <cstdio>

#include "core/base/plugin.h"
#include "core/plugins/cuda/cuda_call.h"

namespace penstock::cuda {
namespace {

// A machine without a driver, with one that is too old, or without a GPU: each says what to do about it.
bool report_absence(cudaError_t error, DeviceFailure *failure) {
  (void)cudaGetLastError();
  int driver = 0;
  (void)cudaDriverGetVersion(&driver);
  if (driver == 0)
    return report(failure, Status::unavailable,
                  "this machine has no NVIDIA driver (libcuda.so.1): install one that serves CUDA %d.%d or newer (%s)",
                  CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, cudaGetErrorName(error));
  if (error == cudaErrorInsufficientDriver)
    return report(failure, Status::unavailable,
                  "this machine's NVIDIA driver serves CUDA %d.%d: install one that serves %d.%d or newer (%s)",
                  driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
                  cudaGetErrorName(error));
  return report(failure, Status::unavailable,
                "the NVIDIA driver lends this process no GPU: nvidia-smi lists those there are, and "
                "CUDA_VISIBLE_DEVICES may hide them (%s: %s)",
                cudaGetErrorName(error), cudaGetErrorString(error));
}

bool count(int32_t *out, DeviceFailure *failure) {
  int found = 0;
  const cudaError_t error = cudaGetDeviceCount(&found);
  if (error != cudaSuccess || found == 0)
    return report_absence(error == cudaSuccess ? cudaErrorNoDevice : error, failure);
  *out = found;
  return true;
}

bool describe(core::DeviceDescription *out, int32_t device, DeviceFailure *failure) {
  cudaDeviceProp properties;
  if (!succeeded(cudaGetDeviceProperties(&properties, device), "reading what it is", device, failure)) return false;
  std::snprintf(out->name, sizeof(out->name), "%s", properties.name);
  out->memory_nbytes = properties.totalGlobalMem;
  out->compute_major = properties.major;
  out->compute_minor = properties.minor;
  return true;
}

bool set_zero(void *to, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  return current.is_set() && succeeded(cudaMemsetAsync(to, 0, static_cast<size_t>(nbytes), as_stream(stream)),
                                       "setting memory to zero", device, failure);
}

bool copy_bytes(void *to, const void *from, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  return current.is_set() &&
         succeeded(cudaMemcpyAsync(to, from, static_cast<size_t>(nbytes), cudaMemcpyDefault, as_stream(stream)),
                   "copying", device, failure);
}

bool synchronize(int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  return current.is_set() &&
         succeeded(cudaStreamSynchronize(as_stream(stream)), "waiting for a stream", device, failure);
}

bool record(cudaEvent_t event, void *stream, int32_t device, DeviceFailure *failure) {
  return succeeded(cudaEventRecord(event, as_stream(stream)), "marking a place in a stream", device, failure);
}

bool let_wait(void *stream, int32_t device, cudaEvent_t event, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);  // which tells one device's default stream from another's
  return current.is_set() &&
         succeeded(cudaStreamWaitEvent(as_stream(stream), event, 0), "letting a stream wait", device, failure);
}

bool wait(void *waiting, int32_t waiting_device, void *awaited, int32_t awaited_device, DeviceFailure *failure) {
  const CurrentDevice current(awaited_device, failure);
  cudaEvent_t event = nullptr;
  if (!current.is_set() ||
      !succeeded(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event", awaited_device, failure))
    return false;
  const bool waits =
      record(event, awaited, awaited_device, failure) && let_wait(waiting, waiting_device, event, failure);
  (void)cudaEventDestroy(event);  // CUDA keeps it until nothing waits for it any more
  return waits;
}

constexpr core::DeviceFunctions functions = {
    count, describe, allocate,   free_memory, allocate_pinned, free_pinned, move_elements,
    fill,  set_zero, copy_bytes, equal,       synchronize,     wait,
};

}  // namespace
}  // namespace penstock::cuda

const penstock::core::PluginDescription *ps_plugin_describe() {
  using namespace penstock;
  static const core::PluginDescription description = [] {
    core::PluginDescription made;
    made.engine_version = PENSTOCK_VERSION;
    made.name = "cuda";
    made.functions = &cuda::functions;
    return made;
  }();
  return &description;
}
