#include "core/nn/kernels/attention_kernels.h"

#include "core/base/processor.h"

namespace penstock::core::nn {
namespace {

const AttentionTable &table() {
  static const AttentionTable &found = processor_has_64_byte_vectors()   ? attention_kernels_64()
                                       : processor_has_32_byte_vectors() ? attention_kernels_32()
                                                                         : attention_kernels_16();
  return found;
}

}  // namespace

template <>
const AttentionKernels<float> &attention_kernels<float>() {
  return table().single;
}
template <>
const AttentionKernels<double> &attention_kernels<double>() {
  return table().twofold;
}

}  // namespace penstock::core::nn
