// The kernels for vectors of 16 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/worlds/games/classic_control/kernel.h"

namespace penstock::core {

const ClassicKernels *kernels_of_16_bytes() {
  static const ClassicKernels kernels = make_kernels<16>();
  return &kernels;
}

}  // namespace penstock::core
