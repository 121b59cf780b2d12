// New tensors by rule.  What is meant and thrown stands with the functions of penstock/ops_join.h.
#pragma once

#include <cstdint>

#include "core/tensor/create.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

Tensor linspace(double start, double stop, int64_t count, bool with_stop, DType dtype, const Allocation &allocation);
Tensor eye(int64_t rows, int64_t columns, int64_t diagonal, DType dtype, const Allocation &allocation);

// Which side of a diagonal of the last two axes stays.
enum class Triangle : int32_t { lower, upper };
Tensor triangle(const Tensor &tensor, Triangle kept, int64_t diagonal);

}  // namespace penstock::core
