// Many products of equally sized matrices: cut into blocks by their sizes alone, and computed on the pool's threads.
#pragma once

#include <cstddef>
#include <memory>

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

class ProductShards;

// One multiply() that runs again and again on other memory: all that depends on shapes and strides alone is decided, and all
// memory taken, beforehand.
//
// Threads: one at a time; a child of fork() too.
class PreparedProduct {
 public:
  // The pointers in products are not looked at.  Has workspaces for as many threads as the pool has now: where it is given
  // more later, these wait for one another.  Throws out_of_memory.
  explicit PreparedProduct(const Products &products);
  ~PreparedProduct();
  PreparedProduct(PreparedProduct &&) noexcept;
  PreparedProduct &operator=(PreparedProduct &&) noexcept;

  // Of the matrices that begin there: the bits are multiply()'s.  Allocates nothing.
  void run(std::byte *out, const std::byte *left, const std::byte *right);

 private:
  std::unique_ptr<ProductShards> shards_;
};

}  // namespace penstock::core
