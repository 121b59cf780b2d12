// Elements moved, filled and compared by a GPU, and dense bytes moved between memories: what copy.cc and compare.cc hand on.
// All but what comes from or goes to main memory is queued on current streams, and nobody waits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/strided_loop.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// Both memories on device.  Strides are in bytes; no move where shape has no elements.
void move_on_device(const Extents &shape, const StridedMemory<std::byte> &to, DType to_dtype,
                    const StridedMemory<const std::byte> &from, DType from_dtype, Device device);

// element is one element in main memory, repeated at every index.
void fill_on_device(const Extents &shape, const StridedMemory<std::byte> &to,
                    const StridedMemory<const std::byte> &element, DType dtype, Device device);

// nbytes from one memory to another.  Between main memory and a GPU this returns when the bytes are there, so that either
// side may be changed or freed at once.  Between GPUs it is queued on the destination's stream, in the order of both.
void copy_dense(void *to, Device to_device, const void *from, Device from_device, int64_t nbytes);

// Two tensors of one dtype and shape, with elements, on one GPU.  Waits for its current stream.
bool equal_on_device(const Tensor &first, const Tensor &second, bool by_value);

}  // namespace penstock::core
