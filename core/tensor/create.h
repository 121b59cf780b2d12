// New tensors.  Every function checks its shape as checked_element_count() does, and throws out_of_memory when memory is
// short; a failure leaves nothing allocated.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

struct Allocation {
  Device device;
  bool pinned = false;
  int64_t alignment = Storage::default_alignment;  // 0 means the default
};

// Throws invalid_argument for an alignment that is none and for pinned memory that is not the CPU's, unavailable for memory
// that this build or machine lacks.
void require_usable(const Allocation &allocation);

Tensor empty(DType dtype, const Extents &shape, const Allocation &allocation);
Tensor zeros(DType dtype, const Extents &shape, const Allocation &allocation);

// value is one element of value_dtype, converted as fill() says.
Tensor full(DType dtype, const Extents &shape, const void *value, DType value_dtype, const Allocation &allocation);

// A copy of row-major host memory of exactly the bytes that dtype and shape need.
Tensor from_data(DType dtype, const Extents &shape, const void *data, uint64_t data_nbytes,
                 const Allocation &allocation);

Tensor arange(int64_t start, int64_t stop, int64_t step, DType dtype, const Allocation &allocation);
Tensor arange(double start, double stop, double step, DType dtype, const Allocation &allocation);

// A tensor over memory of the caller's; read-only too where elements may coincide.  When this throws, deleter has not
// been called.
Tensor wrap(void *data, DType dtype, const Extents &shape, const Extents &strides, Device device, bool read_only,
            Deleter deleter, void *user);

}  // namespace penstock::core
