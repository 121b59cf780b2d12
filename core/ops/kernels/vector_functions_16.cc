// The transcendental functions for vectors of 16 bytes.
#include "core/ops/kernels/vector_functions.h"

namespace penstock::core {

ElementwiseKernel find_vector_function_16(Operation operation, DType computing) {
  return find_vector_function<16>(operation, computing);
}

}  // namespace penstock::core
