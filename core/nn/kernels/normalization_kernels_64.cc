// The loops of normalization for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/normalization_loops.h"

namespace penstock::core::nn {

const NormalizationTable &normalization_kernels_64() {
  static constexpr NormalizationTable table = {normalization_kernels_of<64, float>,
                                               normalization_kernels_of<64, double>};
  return table;
}

}  // namespace penstock::core::nn
