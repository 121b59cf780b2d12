// Labels to rows that are 1 at the label and 0 elsewhere.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

// A new tensor of the labels' shape and one axis more, of class_count.  Throws invalid_argument for a class_count below 1,
// type_mismatch where labels are no integers or dtype is storage-only, out_of_range naming a label outside 0 to class_count - 1
// and its place in row-major order, unavailable for labels that are not on the CPU, out_of_memory.
Tensor one_hot(const Tensor &labels, int64_t class_count, DType dtype);

}  // namespace penstock::core
