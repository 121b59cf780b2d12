#include "core/nn/operation.h"

#include "core/tensor/tensor.h"

namespace penstock::core::nn {

int64_t ValueOutline::element_count() const { return core::element_count(shape); }

int64_t ValueOutline::nbytes() const { return element_count() * dtype_size(dtype); }

}  // namespace penstock::core::nn
