// A position of Leela Chess Zero as rows of the tensors that networks train on: planes [112, 8, 8], policy [1858] and
// values [6, 4], in float32, or rounded once to float16 or bfloat16.
#pragma once

#include <cstddef>

#include "core/loader/lc0_chunk.h"
#include "core/tensor/dtype.h"

namespace penstock::core {

struct Lc0Row {
  std::byte *planes;  // aligned to 16 bytes
  std::byte *policy;  // aligned to an element
  std::byte *values;
};

// Writes one position's rows.  dtype is float32, float16 or bfloat16.  Planes are stored past the caches: they are far more
// than fit there, and nobody reads them soon.
void expand_lc0_position(const Lc0Row &row, const Lc0Position &position, DType dtype);

}  // namespace penstock::core
