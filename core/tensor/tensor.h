// A tensor: a view over a storage.  A small value; copying one shares the memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/reference.h"
#include "core/tensor/device.h"
#include "core/tensor/dtype.h"
#include "core/tensor/extents.h"
#include "core/tensor/storage.h"

namespace penstock::core {

// The product of the sizes of a shape that checked_element_count() has passed.
int64_t element_count(const Extents &shape);

struct Tensor {
  Reference<Storage> storage;
  std::byte *data = nullptr;  // the element at index (0, 0, ...); null when there are no elements
  DType dtype = DType::float32;
  bool read_only = false;
  Extents shape;
  Extents strides;  // in elements

  int32_t ndim() const { return shape.size(); }
  int64_t element_count() const { return core::element_count(shape); }
  int64_t nbytes() const { return element_count() * dtype_size(dtype); }
  Device device() const { return storage->device(); }
  bool is_contiguous() const;
};

// The most bytes a tensor may have: beyond every machine's address space, and far from overflow.
inline constexpr int64_t largest_nbytes = int64_t{1} << 56;

Extents row_major_strides(const Extents &shape);

// The number of elements of a shape from outside.  Throws invalid_argument for a size below 0 or more than largest_nbytes.
int64_t checked_element_count(const Extents &shape, DType dtype);

// Where the elements lie around the first one, in bytes: [lowest, highest) with lowest <= 0.  Throws invalid_argument when
// that leaves the address space.  Both are 0 when there are no elements.
struct ByteSpan {
  int64_t lowest = 0;
  int64_t highest = 0;
  int64_t size() const { return highest - lowest; }
};
ByteSpan byte_span(const Extents &shape, const Extents &strides, DType dtype);

// Whether two indices may lead to one element.  False is certain; true is too for a stride of 0, and otherwise means that
// the strides do not nest.
bool elements_may_coincide(const Extents &shape, const Extents &strides);

// axis counted from either end, as one from 0.  Throws out_of_range, naming the limits.
int32_t resolve_axis(int32_t axis, int32_t ndim);

void require_writable(const Tensor &tensor);  // read_only

}  // namespace penstock::core
