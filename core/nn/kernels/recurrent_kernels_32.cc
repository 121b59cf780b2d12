// The steps of recurrent layers for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/recurrent_kernels.h"

namespace penstock::core::nn {

template <typename Element>
RecurrentKernels<Element> recurrent_kernels_32(RecurrentCell cell) {
  return make_recurrent_kernels<32, Element>(cell);
}
template RecurrentKernels<float> recurrent_kernels_32<float>(RecurrentCell cell);
template RecurrentKernels<double> recurrent_kernels_32<double>(RecurrentCell cell);

}  // namespace penstock::core::nn
