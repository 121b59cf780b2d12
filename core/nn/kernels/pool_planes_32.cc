// The loops of pooling for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/pool_planes.h"

namespace penstock::core::nn {

template <>
const PoolKernels<float> &pool_kernels_32() {
  return make_pool_kernels<float, 32>();
}
template <>
const PoolKernels<double> &pool_kernels_32() {
  return make_pool_kernels<double, 32>();
}

}  // namespace penstock::core::nn
