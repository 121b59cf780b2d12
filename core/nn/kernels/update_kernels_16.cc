// The optimizers' loops for vectors of 16 bytes.
#include "core/nn/kernels/update_loops.h"

namespace penstock::core::nn {

UpdateKernels update_kernels_16(UpdateRule rule, DType dtype) { return make_update_kernels<16>(rule, dtype); }

}  // namespace penstock::core::nn
