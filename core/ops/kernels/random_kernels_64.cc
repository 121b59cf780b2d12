// The random numbers for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/ops/kernels/random_kernels.h"

namespace penstock::core {

const RandomKernels &random_kernels_64() { return make_random_kernels<64>(); }

}  // namespace penstock::core
