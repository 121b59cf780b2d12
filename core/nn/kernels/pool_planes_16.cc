// The loops of pooling for vectors of 16 bytes.
#include "core/nn/kernels/pool_planes.h"

namespace penstock::core::nn {

template <>
const PoolKernels<float> &pool_kernels_16() {
  return make_pool_kernels<float, 16>();
}
template <>
const PoolKernels<double> &pool_kernels_16() {
  return make_pool_kernels<double, 16>();
}

}  // namespace penstock::core::nn
