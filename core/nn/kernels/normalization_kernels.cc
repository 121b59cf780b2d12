#include "core/nn/kernels/normalization_kernels.h"

#include "core/base/processor.h"

namespace penstock::core::nn {
namespace {

const NormalizationTable &table() {
  static const NormalizationTable &found = processor_has_64_byte_vectors()   ? normalization_kernels_64()
                                           : processor_has_32_byte_vectors() ? normalization_kernels_32()
                                                                             : normalization_kernels_16();
  return found;
}

}  // namespace

template <>
const NormalizationKernels<float> &normalization_kernels<float>() {
  return table().single;
}
template <>
const NormalizationKernels<double> &normalization_kernels<double>() {
  return table().twofold;
}

}  // namespace penstock::core::nn
