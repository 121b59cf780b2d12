// The innermost loops of convolutions for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/window_tiles.h"

namespace penstock::core::nn {

template <>
const WindowKernels<float> &window_kernels_64() {
  return make_window_kernels<float, 64>();
}
template <>
const WindowKernels<double> &window_kernels_64() {
  return make_window_kernels<double, 64>();
}

}  // namespace penstock::core::nn
