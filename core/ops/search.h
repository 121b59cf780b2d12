// What is found by order: where values belong among sorted ones, and which different ones there are.  What is meant and
// thrown stands with the functions of penstock/ops_order.h.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

// The same numbers as ps_side.
enum class Side : int32_t { left = 0, right = 1 };

// sorter may be null.
Tensor search_sorted(const Tensor &sorted, const Tensor &values, Side side, const Tensor *sorter);

struct Unique {
  Tensor values, first_indices, inverse, counts;
};
struct UniqueParts {
  bool first_indices = false, inverse = false, counts = false;
};
Unique unique(const Tensor &tensor, UniqueParts wanted);  // what is not wanted has no storage

}  // namespace penstock::core
