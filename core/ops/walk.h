// A walk over up to four memories of one shape, side by side, for elementwise kernels.
#pragma once

#include <span>

#include "core/ops/kernels.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// A tensor seen under a shape that it broadcasts to: repeated along axes of size 1 and new leading ones.
Tensor broadcast_view(const Tensor &tensor, const Extents &shape);

// Runs the kernel over operands of one shape, the result first: its nearest neighbours innermost, axes that continue each
// other in all memories as one, on several threads where that pays.
void run_elementwise(ElementwiseKernel kernel, std::span<const Tensor *const> operands);

}  // namespace penstock::core
