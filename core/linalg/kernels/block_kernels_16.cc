// Matrix products for vectors of 16 bytes.
#include "core/linalg/kernels/multiply_block.h"

namespace penstock::core {

BlockKernel block_kernel_16(DType dtype) { return make_block_kernel<16>(dtype); }

}  // namespace penstock::core
