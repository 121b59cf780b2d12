// The loops of normalization for vectors of 16 bytes: any processor.
#include "core/nn/kernels/normalization_loops.h"

namespace penstock::core::nn {

const NormalizationTable &normalization_kernels_16() {
  static constexpr NormalizationTable table = {normalization_kernels_of<16, float>,
                                               normalization_kernels_of<16, double>};
  return table;
}

}  // namespace penstock::core::nn
