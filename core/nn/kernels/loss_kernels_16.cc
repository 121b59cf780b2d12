// The losses' loops for vectors of 16 bytes.
#include "core/nn/kernels/loss_loops.h"

namespace penstock::core::nn {

template <>
const LossKernels<float> &loss_kernels_16<float>() {
  return make_loss_kernels<16, float>();
}
template <>
const LossKernels<double> &loss_kernels_16<double>() {
  return make_loss_kernels<16, double>();
}

}  // namespace penstock::core::nn
