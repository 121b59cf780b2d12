#include "core/worlds/games/classic_control/processor.h"

#include "core/base/error.h"

namespace penstock::core {
namespace {

#if defined(__x86_64__)
bool has_32_bytes() { return __builtin_cpu_supports("avx2") != 0; }
bool has_64_bytes() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
}
#else
bool has_32_bytes() { return false; }
bool has_64_bytes() { return false; }
#endif

}  // namespace

ClassicKernels classic_kernels(WorldsKernel kernel) {
  switch (kernel) {
    case WorldsKernel::scalar: return *scalar_kernels();
    case WorldsKernel::bytes_16: return *kernels_of_16_bytes();
    case WorldsKernel::bytes_32:
      if (!has_32_bytes()) fail(Status::unavailable, "this processor has no vectors of 32 bytes (AVX2)");
      return *kernels_of_32_bytes();
    case WorldsKernel::bytes_64:
      if (!has_64_bytes())
        fail(Status::unavailable, "this processor has no vectors of 64 bytes (AVX-512 F, BW, DQ, VL)");
      return *kernels_of_64_bytes();
    case WorldsKernel::automatic: break;
  }
  if (has_64_bytes()) return *kernels_of_64_bytes();
  if (has_32_bytes()) return *kernels_of_32_bytes();
  return *kernels_of_16_bytes();
}

}  // namespace penstock::core
