// The steps of recurrent layers for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/recurrent_kernels.h"

namespace penstock::core::nn {

template <typename Element>
RecurrentKernels<Element> recurrent_kernels_64(RecurrentCell cell) {
  return make_recurrent_kernels<64, Element>(cell);
}
template RecurrentKernels<float> recurrent_kernels_64<float>(RecurrentCell cell);
template RecurrentKernels<double> recurrent_kernels_64<double>(RecurrentCell cell);

}  // namespace penstock::core::nn
