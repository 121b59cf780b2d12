#include "core/nn/kernels/pool_planes.h"

#include "core/base/processor.h"

namespace penstock::core::nn {

template <typename Element>
const PoolKernels<Element> &find_pool_kernels() {
  static const PoolKernels<Element> &widest = [&]() -> const PoolKernels<Element> & {
    if (processor_has_64_byte_vectors()) return pool_kernels_64<Element>();
    if (processor_has_32_byte_vectors()) return pool_kernels_32<Element>();
    return pool_kernels_16<Element>();
  }();
  return widest;
}

template const PoolKernels<float> &find_pool_kernels();
template const PoolKernels<double> &find_pool_kernels();

}  // namespace penstock::core::nn
