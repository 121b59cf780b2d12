// Moving a tensor to where it is wanted: another device, another kind of memory.
#pragma once

#include "core/tensor/create.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// The tensor itself where it already lies as allocation asks, otherwise a row-major copy there.
Tensor to_device(const Tensor &tensor, const Allocation &allocation);

// The tensor itself where it lies on device, otherwise a row-major copy there.
Tensor on_device(const Tensor &tensor, Device device);

// The tensor itself where the CPU reaches its elements, otherwise a row-major copy in main memory.
Tensor in_main_memory(const Tensor &tensor);

// A GPU's memory passed between the current stream and one of another library's, as the functions of penstock/stream.h say;
// null is the legacy default stream.
void lend_to_stream(const Tensor &tensor, void *stream);
void take_from_stream(const Tensor &tensor, void *stream);

}  // namespace penstock::core
