// Kernels that gain nothing from wider vectors: the C library's functions, integer division and powers, complex numbers.
// Null where there is none for a dtype here.
#pragma once

#include "core/ops/kernels.h"

namespace penstock::core {

ElementwiseKernel find_function_kernel(Operation operation, DType computing);  // floating dtypes
ElementwiseKernel find_integer_kernel(Operation operation, DType computing);
ElementwiseKernel find_complex_kernel(Operation operation, DType computing);
FoldKernel find_complex_fold(Operation operation, DType dtype);

}  // namespace penstock::core
