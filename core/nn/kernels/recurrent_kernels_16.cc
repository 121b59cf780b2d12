// The steps of recurrent layers for vectors of 16 bytes.
#include "core/nn/kernels/recurrent_kernels.h"

namespace penstock::core::nn {

template <typename Element>
RecurrentKernels<Element> recurrent_kernels_16(RecurrentCell cell) {
  return make_recurrent_kernels<16, Element>(cell);
}
template RecurrentKernels<float> recurrent_kernels_16<float>(RecurrentCell cell);
template RecurrentKernels<double> recurrent_kernels_16<double>(RecurrentCell cell);

}  // namespace penstock::core::nn
