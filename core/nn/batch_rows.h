// The rows of a tensor that make a batch, as a plan reads them: dense, and of its dtype.
#pragma once

#include <string_view>

#include "core/tensor/tensor.h"

namespace penstock::core::nn {

// The shape of so many rows of a tensor.  rows: null for all.
Extents batch_shape(const Tensor &source, const Tensor *rows);

// Throws where rows is not of int64 with one axis, or has a number that no row has: the sentence has it, its place and limits.
void require_rows(const Tensor &rows, int64_t count, std::string_view what);

// The elements: source's own memory where they lie there as asked for, otherwise buffer, which has room for them.  what names
// source in sentences.  Throws type_mismatch where source's dtype does not convert; then buffer may have been written.
// rows has passed require_rows().
const std::byte *gather_rows(const Tensor &source, const Tensor *rows, DType dtype, std::byte *buffer,
                             std::string_view what);

}  // namespace penstock::core::nn
