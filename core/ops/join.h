// New tensors of others' elements: joined, repeated, moved round.  What is meant and thrown stands with the functions of
// penstock/ops_join.h.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor/tensor.h"

namespace penstock::core {

Tensor concat(std::span<const Tensor *const> tensors, int32_t axis);
Tensor stack(std::span<const Tensor *const> tensors, int32_t axis);
Tensor tile(const Tensor &tensor, std::span<const int64_t> repetitions);
Tensor repeat(const Tensor &tensor, const Tensor &repetitions, int32_t axis);
Tensor roll(const Tensor &tensor, std::span<const int64_t> shifts, std::span<const int32_t> axes);

}  // namespace penstock::core
