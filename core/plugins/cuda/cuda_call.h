// CUDA's calls, checked: what each returns becomes a sentence and a status, and the thread's device is put back.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/tensor/device_functions.h"

namespace penstock::cuda {

using core::DeviceFailure;
using core::Status;

// Fills failure, returns false, and clears CUDA's own record of an error that can pass, so that the next user of CUDA in
// this thread does not meet it.
bool report(DeviceFailure *failure, Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool report_error(DeviceFailure *failure, cudaError_t error, const char *what, int32_t device);

// True when a call succeeded: return succeeded(cudaX(...), "doing what", device, failure);
inline bool succeeded(cudaError_t error, const char *what, int32_t device, DeviceFailure *failure) {
  return error == cudaSuccess || report_error(failure, error, what, device);
}

// Makes a device the thread's current one until the end of the scope.
class CurrentDevice {
 public:
  CurrentDevice(int32_t device, DeviceFailure *failure) {
    error_ = cudaGetDevice(&before_);
    if (error_ == cudaSuccess && before_ != device) {
      error_ = cudaSetDevice(device);
      changed_ = true;
    }
    if (error_ != cudaSuccess) report_error(failure, error_, "choosing the device", device);
  }
  ~CurrentDevice() {
    if (changed_) cudaSetDevice(before_);
  }
  CurrentDevice(const CurrentDevice &) = delete;
  CurrentDevice &operator=(const CurrentDevice &) = delete;
  bool is_set() const { return error_ == cudaSuccess; }

 private:
  int before_ = 0;
  bool changed_ = false;
  cudaError_t error_;
};

inline cudaStream_t as_stream(void *stream) { return static_cast<cudaStream_t>(stream); }

// ---- memory.cu ----
bool allocate(void **out, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure);
void free_memory(void *memory, int32_t device, void *stream);
bool allocate_pinned(void **out, int64_t nbytes, DeviceFailure *failure);
void free_pinned(void *memory);

// ---- elements.cu ----
bool move_elements(const core::ElementMove *move, int32_t device, void *stream, DeviceFailure *failure);
bool fill(const core::ElementMove *move, int32_t device, void *stream, DeviceFailure *failure);

// ---- equal.cu ----
bool equal(bool *out, const core::ElementPairs *pairs, int32_t device, void *stream, DeviceFailure *failure);

}  // namespace penstock::cuda
