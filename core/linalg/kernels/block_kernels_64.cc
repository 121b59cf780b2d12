// Matrix products for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/linalg/kernels/multiply_block.h"

namespace penstock::core {

BlockKernel block_kernel_64(DType dtype) { return make_block_kernel<64>(dtype); }

}  // namespace penstock::core
