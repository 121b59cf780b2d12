// The losses' loops for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/loss_loops.h"

namespace penstock::core::nn {

template <>
const LossKernels<float> &loss_kernels_32<float>() {
  return make_loss_kernels<32, float>();
}
template <>
const LossKernels<double> &loss_kernels_32<double>() {
  return make_loss_kernels<32, double>();
}

}  // namespace penstock::core::nn
