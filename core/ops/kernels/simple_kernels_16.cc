// The simple kernels for vectors of 16 bytes.
#include "core/ops/kernels/simple_kernels.h"

namespace penstock::core {

const SimpleKernels &simple_kernels_16() { return make_simple_kernels<16>(); }

}  // namespace penstock::core
