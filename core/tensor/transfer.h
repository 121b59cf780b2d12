// Moving a tensor to where it is wanted: another device, another kind of memory.
#pragma once

#include "core/tensor/create.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// The tensor itself where it already lies as allocation asks, otherwise a row-major copy there.
Tensor to_device(const Tensor &tensor, const Allocation &allocation);

}  // namespace penstock::core
