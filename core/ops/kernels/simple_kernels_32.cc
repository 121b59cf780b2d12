// The simple kernels for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/ops/kernels/simple_kernels.h"

namespace penstock::core {

const SimpleKernels &simple_kernels_32() { return make_simple_kernels<32>(); }

}  // namespace penstock::core
