// The random numbers for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/ops/kernels/random_kernels.h"

namespace penstock::core {

const RandomKernels &random_kernels_32() { return make_random_kernels<32>(); }

}  // namespace penstock::core
