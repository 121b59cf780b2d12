// A walk over up to four memories of one shape, side by side, for elementwise kernels.
#pragma once

#include <optional>
#include <span>

#include "core/ops/kernels.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// A tensor seen under a shape that it broadcasts to: repeated along axes of size 1 and new leading ones.
Tensor broadcast_view(const Tensor &tensor, const Extents &shape);

// Runs the kernel over operands of one shape, the result first: its nearest neighbours innermost, axes that continue each
// other in all memories as one, on several threads where that pays.
//
// computing  the dtype that the kernel takes: inputs of another one are converted to it a block at a time; where the
//            kernel's inputs are of several, those of the operands
// cost       how many additions an element is worth
void run_elementwise(ElementwiseKernel kernel, std::span<const Tensor *const> operands,
                     std::optional<DType> computing = std::nullopt, int64_t cost = 1);

}  // namespace penstock::core
