// Memory for the tensors of batches, which is used again once nobody holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/tensor/tensor.h"

namespace penstock::core {

// Memory for tensors of a few sizes.  Fresh memory costs as much as filling it: the system clears it page by page.
// Any number of threads.
class StoragePool {
 public:
  // Keeps so many blocks of each size while nobody holds them.  pinned: they are page-locked.
  explicit StoragePool(size_t most_idle, bool pinned = false);

  // A block of that size, not initialised, which comes back when its last holder goes, also after the pool has gone.
  Reference<Storage> take(int64_t nbytes);

  // One of a size that will hardly be wanted again: it is freed with its last holder.
  Reference<Storage> take_for_once(int64_t nbytes);

  // Keeps all other threads out, until it is released.
  void hold();
  void release();

 private:
  friend struct PooledBlock;
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

// A row-major tensor of shape[0] rows in a pool's memory.  One with less rows than whole_rows takes the memory of so many
// where it fills a good part of it: small epochs end in such a batch every few.
Tensor make_rows(StoragePool &pool, DType dtype, const Extents &shape, int64_t whole_rows);

}  // namespace penstock::core
