// Elements picked by arrays of indices.  What is meant and thrown stands with the functions of penstock/tensor_index.h.
#pragma once

#include <span>

#include "core/tensor/tensor.h"

namespace penstock::core {

// indices[axis] is null for the whole axis.
Tensor take(const Tensor &tensor, std::span<const Tensor *const> indices);
void put(const Tensor &destination, std::span<const Tensor *const> indices, const Tensor &source, Casting casting);
Tensor nonzero(const Tensor &tensor);

}  // namespace penstock::core
