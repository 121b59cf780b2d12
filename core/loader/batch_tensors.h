// Batches of positions as tensors.
#pragma once

#include <array>
#include <cstddef>

#include "core/loader/batcher.h"
#include "core/loader/storage_pool.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

inline constexpr size_t lc0_tensor_count = 3;
using Lc0Tensors = std::array<Tensor, lc0_tensor_count>;  // planes, policy, values

// The tensors of a batch: planes [B, 112, 8, 8], policy [B, 1858] and values [B, 6, 4], B its positions.
Lc0Tensors make_lc0_tensors(const Batch &batch, const LoaderOptions &options, StoragePool &pool);

}  // namespace penstock::core
