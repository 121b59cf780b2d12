// Small tensors for tests, and what is in them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/reference.h"

namespace penstock::core {

// Elements that differ from each other, in order.
inline Tensor counting(const Extents &shape, DType dtype = DType::int32) {
  return reshape(arange(int64_t{0}, checked_element_count(shape, dtype), 1, dtype, {}), shape);
}

// The elements in row-major order, each read at its own address.
template <typename Number>
std::vector<Number> values_of(const Tensor &tensor) {
  std::vector<Number> values;
  for (const reference::Bytes &bytes : reference::elements_of(tensor))
    values.push_back(reference::load<Number>(bytes.data()));
  return values;
}

}  // namespace penstock::core
