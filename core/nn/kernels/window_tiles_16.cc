// The innermost loops of convolutions for vectors of 16 bytes.
#include "core/nn/kernels/window_tiles.h"

namespace penstock::core::nn {

template <>
const WindowKernels<float> &window_kernels_16() {
  return make_window_kernels<float, 16>();
}
template <>
const WindowKernels<double> &window_kernels_16() {
  return make_window_kernels<double, 16>();
}

}  // namespace penstock::core::nn
