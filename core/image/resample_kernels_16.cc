// The loops of resampling for vectors of 16 bytes.
#include "core/image/resample_kernels.h"

namespace penstock::core {

const ResampleKernels &resample_kernels_16() { return make_resample_kernels<16>(); }

}  // namespace penstock::core
