// Moving elements: between strides, dtypes and shapes that broadcast.  What each throws stands with the function of its
// name in penstock/tensor.h; after a throw the destination's elements are untouched.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace penstock::core {

// source is converted, broadcast, and read as if copied away first where the two overlap.
void copy(const Tensor &destination, const Tensor &source, Casting casting);

// Every element becomes one value: a bool fits any dtype, an integer any but bool, a floating-point number floating and
// complex ones, a complex number complex ones; an integer must fit an integer dtype's limits.
void fill(const Tensor &destination, const void *value, DType value_dtype);

// element i of a tensor of one axis becomes start + i * step; for integers the caller has seen to it that the first and
// last fit.
void fill_with_range(const Tensor &destination, int64_t start, int64_t step);
void fill_with_range(const Tensor &destination, double start, double step);
void require_integer_fits(int64_t value, DType dtype);  // out_of_range; floating and complex dtypes take any

Tensor clone(const Tensor &tensor);       // a row-major copy
Tensor contiguous(const Tensor &tensor);  // the tensor itself where it is dense, otherwise a clone
Tensor astype(const Tensor &tensor, DType dtype, Casting casting);
void to_data(void *data, uint64_t data_nbytes, const Tensor &tensor);

}  // namespace penstock::core
