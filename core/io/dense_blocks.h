// A tensor's elements as dense bytes in row-major order, whatever its strides, without a copy of the whole.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/tensor/tensor.h"

namespace penstock::core {

// The most bytes handed over at once: enough to keep the calls cheap, few enough to cancel between them.
inline constexpr int64_t largest_block_nbytes = int64_t{4} << 20;

// Calls consume with one block after the other; a block is valid during the call.  A tensor that lies densely is not
// copied at all, another one a block at a time.  No call where there are no elements.
void for_each_dense_block(const Tensor &tensor, const std::function<void(std::span<const std::byte>)> &consume);

}  // namespace penstock::core
