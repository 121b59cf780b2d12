// The innermost loops of convolutions for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/window_tiles.h"

namespace penstock::core::nn {

template <>
const WindowKernels<float> &window_kernels_32() {
  return make_window_kernels<float, 32>();
}
template <>
const WindowKernels<double> &window_kernels_32() {
  return make_window_kernels<double, 32>();
}

}  // namespace penstock::core::nn
