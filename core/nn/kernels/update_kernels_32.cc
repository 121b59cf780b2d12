// The optimizers' loops for vectors of 32 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/update_loops.h"

namespace penstock::core::nn {

UpdateKernels update_kernels_32(UpdateRule rule, DType dtype) { return make_update_kernels<32>(rule, dtype); }

}  // namespace penstock::core::nn
