// Many products of equally sized matrices: cut into blocks by their sizes alone, and computed on the pool's threads.
#pragma once

#include "core/linalg/block.h"
#include "core/tensor/extents.h"

namespace penstock::core {

// One product, at the first index of every batch axis, and how to come to the others.
struct Products {
  DType dtype = DType::float32;
  Block first;
  Extents batch;  // at most max_ndim - 2 axes
  // In elements, an axis of batch each; 0 where an operand is used again.  out's do not coincide.
  Extents out_strides, left_strides, right_strides;
};

// dtype is none of the storage-only ones; out overlaps neither operand, and columns lie side by side in it.  The bits do not
// depend on the number of threads.  Throws out_of_memory, and has then written nothing.
void multiply(const Products &products);

}  // namespace penstock::core
