// Batches as tensors, in memory that is used again once nobody holds it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "core/loader/batcher.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

inline constexpr size_t lc0_tensor_count = 3;
using Lc0Tensors = std::array<Tensor, lc0_tensor_count>;  // planes, policy, values

// Memory for tensors of a few sizes.  Fresh memory costs as much as filling it: the system clears it page by page.
// Any number of threads.
class StoragePool {
 public:
  // Keeps so many blocks of each size while nobody holds them.
  explicit StoragePool(size_t most_idle);

  // A block of that size, not initialised, which comes back when its last holder goes, also after the pool has gone.
  Reference<Storage> take(int64_t nbytes);

  // Keeps all other threads out, until it is released.
  void hold();
  void release();

 private:
  friend struct PooledBlock;
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

// The tensors of a batch: planes [B, 112, 8, 8], policy [B, 1858] and values [B, 6, 4], B its positions.
Lc0Tensors make_lc0_tensors(const Batch &batch, const LoaderOptions &options, StoragePool &pool);

}  // namespace penstock::core
