// The simple kernels for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/ops/kernels/simple_kernels.h"

namespace penstock::core {

const SimpleKernels &simple_kernels_64() { return make_simple_kernels<64>(); }

}  // namespace penstock::core
