// A walk over two views of one shape, side by side, in an order that suits the memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/convert.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// Elements in memory: where the one at index (0, 0, ...) lies, and how many bytes apart they are along each axis.
template <typename Byte>
struct StridedMemory {
  Byte *data = nullptr;
  Extents strides;
};

// Calls run for pieces that make up the whole of shape, each element once, in no order to rely on.  The two memories do not
// overlap.
void for_each_run(const Extents &shape, StridedMemory<std::byte> to, StridedMemory<const std::byte> from,
                  ConvertRun run);

}  // namespace penstock::core
