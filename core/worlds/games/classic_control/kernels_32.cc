// The kernels for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/worlds/games/classic_control/kernel.h"

namespace penstock::core {

const ClassicKernels *kernels_of_32_bytes() {
  static const ClassicKernels kernels = make_kernels<32>();
  return &kernels;
}

}  // namespace penstock::core
