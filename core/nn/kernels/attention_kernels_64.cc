// The loops of attention for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/attention_loops.h"

namespace penstock::core::nn {

const AttentionTable &attention_kernels_64() {
  static constexpr AttentionTable table = {attention_kernels_of<64, float>, attention_kernels_of<64, double>};
  return table;
}

}  // namespace penstock::core::nn
