// A position of Leela Chess Zero as rows of the tensors that networks train on: planes [112, 8, 8], policy [1858] and
// values [6, 4], in float32, or rounded once to float16 or bfloat16.
#pragma once

#include <cstddef>
#include <span>

#include "core/loader/lc0_chunk.h"
#include "core/tensor/dtype.h"

namespace penstock::core {

struct Lc0Row {
  std::byte *planes;  // aligned to 16 bytes
  std::byte *policy;  // aligned to an element
  std::byte *values;
};

// Writes the rows of positions, which lie one behind the other from the first on.  dtype is float32, float16 or bfloat16.
// Planes and policies are stored past the caches: they are far more than fit there, and nobody reads them soon.
void expand_lc0_positions(const Lc0Row &first, std::span<const Lc0Position> positions, DType dtype);

}  // namespace penstock::core
