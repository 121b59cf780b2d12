#include "core/nn/kernels/loss_kernels.h"

#include "core/base/processor.h"

namespace penstock::core::nn {

template <typename Element>
const LossKernels<Element> &loss_kernels() {
  static const LossKernels<Element> &chosen = processor_has_64_byte_vectors()   ? loss_kernels_64<Element>()
                                              : processor_has_32_byte_vectors() ? loss_kernels_32<Element>()
                                                                                : loss_kernels_16<Element>();
  return chosen;
}

template const LossKernels<float> &loss_kernels<float>();
template const LossKernels<double> &loss_kernels<double>();

}  // namespace penstock::core::nn
