// The loops of attention for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/attention_loops.h"

namespace penstock::core::nn {

const AttentionTable &attention_kernels_32() {
  static constexpr AttentionTable table = {attention_kernels_of<32, float>, attention_kernels_of<32, double>};
  return table;
}

}  // namespace penstock::core::nn
