// A walk over two views of one shape, side by side, in an order that suits the memory.
#pragma once

#include <array>
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

// Strides in elements as strides in bytes; 0 for an axis of size 1, which is never stepped along.
Extents byte_strides(const Extents &shape, const Extents &strides, DType dtype);

// A tensor's elements, to be written or to be read.
StridedMemory<std::byte> memory_of(const Tensor &tensor);
StridedMemory<const std::byte> elements_of(const Tensor &tensor);

// A walk over the axes that are stepped along, outermost first: the destination is written upwards, its nearest neighbours
// innermost, and axes that continue each other in both memories are one.  Strides are in bytes.
struct WalkAxis {
  int64_t size, to_stride, from_stride;
};
struct Walk {
  std::byte *to;
  const std::byte *from;
  std::array<WalkAxis, max_ndim> axes;
  int32_t ndim = 0;

  WalkAxis &axis(int32_t index) { return axes[static_cast<size_t>(index)]; }
};
Walk joined_walk(const Extents &shape, StridedMemory<std::byte> to, StridedMemory<const std::byte> from);

// Calls run for pieces that make up the whole of shape, each element once, in no order to rely on.  The two memories do not
// overlap.
void for_each_run(const Extents &shape, StridedMemory<std::byte> to, StridedMemory<const std::byte> from,
                  ConvertRun run);

}  // namespace penstock::core
