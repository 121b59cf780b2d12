// The losses' loops for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/loss_loops.h"

namespace penstock::core::nn {

template <>
const LossKernels<float> &loss_kernels_64<float>() {
  return make_loss_kernels<64, float>();
}
template <>
const LossKernels<double> &loss_kernels_64<double>() {
  return make_loss_kernels<64, double>();
}

}  // namespace penstock::core::nn
