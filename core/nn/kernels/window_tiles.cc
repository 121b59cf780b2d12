#include "core/nn/kernels/window_tiles.h"

#include "core/base/processor.h"

namespace penstock::core::nn {

template <typename Element>
const WindowKernels<Element> &find_window_kernels() {
  static const WindowKernels<Element> &widest = [&]() -> const WindowKernels<Element> & {
    if (processor_has_64_byte_vectors()) return window_kernels_64<Element>();
    if (processor_has_32_byte_vectors() && processor_has_fused_multiply_add()) return window_kernels_32<Element>();
    return window_kernels_16<Element>();
  }();
  return widest;
}

template const WindowKernels<float> &find_window_kernels();
template const WindowKernels<double> &find_window_kernels();

}  // namespace penstock::core::nn
