// The transcendental functions for vectors of 64 bytes; compiled for processors that have them (cmake/PenstockLibrary.cmake).
#include "core/ops/kernels/vector_functions.h"

namespace penstock::core {

ElementwiseKernel find_vector_function_64(Operation operation, DType computing) {
  return find_vector_function<64>(operation, computing);
}

}  // namespace penstock::core
