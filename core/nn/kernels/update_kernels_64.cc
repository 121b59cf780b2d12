// The optimizers' loops for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/nn/kernels/update_loops.h"

namespace penstock::core::nn {

UpdateKernels update_kernels_64(UpdateRule rule, DType dtype) { return make_update_kernels<64>(rule, dtype); }

}  // namespace penstock::core::nn
