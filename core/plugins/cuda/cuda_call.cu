// How a failure of CUDA's reads, and what status it has.
#include "core/plugins/cuda/cuda_call.h"

#include <cstdarg>
#include <cstdio>

namespace penstock::cuda {

bool report(DeviceFailure *failure, Status status, const char *format, ...) {
  failure->status = status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(failure->sentence, sizeof(failure->sentence), format, arguments);
  va_end(arguments);
  return false;
}

bool report_error(DeviceFailure *failure, cudaError_t error, const char *what, int32_t device) {
  (void)cudaGetLastError();
  const char *name = cudaGetErrorName(error), *text = cudaGetErrorString(error);
  switch (error) {
    case cudaErrorMemoryAllocation:
      return report(failure, Status::out_of_memory, "%s on cuda:%d: the memory is used up (%s)", what, device, name);
    case cudaErrorInvalidDevice:
      return report(failure, Status::out_of_range, "%s: there is no CUDA device %d (%s)", what, device, name);
    case cudaErrorInvalidResourceHandle:
      return report(failure, Status::invalid_argument, "%s on cuda:%d: the stream is none of this device's (%s)", what,
                    device, name);
    case cudaErrorNoKernelImageForDevice:
      return report(failure, Status::unavailable,
                    "%s on cuda:%d: this build has no code for this GPU: it needs compute capability 8.0 or newer (%s)",
                    what, device, name);
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorInitializationError:
    case cudaErrorStubLibrary:
      return report(failure, Status::unavailable, "%s on cuda:%d: %s (%s)", what, device, text, name);
    default: return report(failure, Status::internal, "%s on cuda:%d: %s (%s)", what, device, text, name);
  }
}

}  // namespace penstock::cuda
