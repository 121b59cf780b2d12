// The loops of resampling for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/image/resample_kernels.h"

namespace penstock::core {

const ResampleKernels &resample_kernels_32() { return make_resample_kernels<32>(); }

}  // namespace penstock::core
