// The loops of attention for vectors of 16 bytes: any processor.
#include "core/nn/kernels/attention_loops.h"

namespace penstock::core::nn {

const AttentionTable &attention_kernels_16() {
  static constexpr AttentionTable table = {attention_kernels_of<16, float>, attention_kernels_of<16, double>};
  return table;
}

}  // namespace penstock::core::nn
