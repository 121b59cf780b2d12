#include "core/worlds/games/classic_control/processor.h"

#include "core/base/error.h"
#include "core/base/processor.h"

namespace penstock::core {
ClassicKernels classic_kernels(WorldsKernel kernel) {
  switch (kernel) {
    case WorldsKernel::scalar: return *scalar_kernels();
    case WorldsKernel::bytes_16: return *kernels_of_16_bytes();
    case WorldsKernel::bytes_32:
      if (!processor_has_32_byte_vectors())
        fail(Status::unavailable, "this processor has no vectors of 32 bytes (AVX2)");
      return *kernels_of_32_bytes();
    case WorldsKernel::bytes_64:
      if (!processor_has_64_byte_vectors())
        fail(Status::unavailable, "this processor has no vectors of 64 bytes (AVX-512 F, BW, DQ, VL)");
      return *kernels_of_64_bytes();
    case WorldsKernel::automatic: break;
  }
  if (processor_has_64_byte_vectors()) return *kernels_of_64_bytes();
  if (processor_has_32_byte_vectors()) return *kernels_of_32_bytes();
  return *kernels_of_16_bytes();
}

}  // namespace penstock::core
