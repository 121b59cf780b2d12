// The random numbers for vectors of 16 bytes.
#include "core/ops/kernels/random_kernels.h"

namespace penstock::core {

const RandomKernels &random_kernels_16() { return make_random_kernels<16>(); }

}  // namespace penstock::core
