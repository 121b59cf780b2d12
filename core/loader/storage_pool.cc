#include "core/loader/storage_pool.h"

#include <sys/mman.h>

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace penstock::core {

struct StoragePool::Shelf {
  Shelf(size_t most, bool is_pinned) : most_idle(most), pinned(is_pinned) {}

  const size_t most_idle;
  const bool pinned;
  std::mutex mutex;
  std::unordered_map<int64_t, std::vector<Reference<Storage>>> idle;  // by size
};

// What a block that is lent leads back to.
struct PooledBlock {
  std::shared_ptr<StoragePool::Shelf> shelf;
  Reference<Storage> block;

  static void give_back(void *user) {
    const std::unique_ptr<PooledBlock> lent(static_cast<PooledBlock *>(user));
    const std::lock_guard lock(lent->shelf->mutex);
    auto &idle = lent->shelf->idle[lent->block->nbytes()];
    if (idle.size() < idle.capacity()) idle.push_back(std::move(lent->block));  // reserved: nothing is allocated here
  }
};

StoragePool::StoragePool(size_t most_idle, bool pinned) : shelf_(std::make_shared<Shelf>(most_idle, pinned)) {}
void StoragePool::hold() { shelf_->mutex.lock(); }
void StoragePool::release() { shelf_->mutex.unlock(); }

namespace {

constexpr int64_t huge_page = int64_t{2} << 20;

Reference<Storage> new_block(int64_t nbytes, bool pinned) {
  const bool is_large = nbytes >= 2 * huge_page;
  auto block = Storage::allocate(nbytes, is_large ? huge_page : Storage::default_alignment, Device{}, pinned);
  if (is_large && !pinned) madvise(block->data(), static_cast<size_t>(nbytes / huge_page * huge_page), MADV_HUGEPAGE);
  return block;
}

}  // namespace

Reference<Storage> StoragePool::take(int64_t nbytes) {
  auto lent = std::make_unique<PooledBlock>(PooledBlock{shelf_, {}});
  {
    const std::lock_guard lock(shelf_->mutex);
    auto &idle = shelf_->idle[nbytes];
    idle.reserve(shelf_->most_idle);
    if (!idle.empty()) {
      lent->block = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (!lent->block) lent->block = new_block(nbytes, shelf_->pinned);
  auto storage =
      Storage::wrap(lent->block->data(), nbytes, Device{}, false, PooledBlock::give_back, lent.get(), shelf_->pinned);
  static_cast<void>(lent.release());  // now the storage's
  return storage;
}

Reference<Storage> StoragePool::take_for_once(int64_t nbytes) { return new_block(nbytes, shelf_->pinned); }

Tensor make_rows(StoragePool &pool, DType dtype, const Extents &shape, int64_t whole_rows) {
  constexpr int64_t least_part = 4;
  const int64_t row_nbytes = shape[0] == 0 ? 0 : element_count(shape) / shape[0] * dtype_size(dtype);
  Tensor made;
  if (shape[0] >= whole_rows / least_part)
    made.storage = pool.take(whole_rows * row_nbytes);
  else
    made.storage = pool.take_for_once(shape[0] * row_nbytes);
  made.data = made.storage->data();
  made.dtype = dtype;
  made.shape = shape;
  made.strides = row_major_strides(shape);
  return made;
}

}  // namespace penstock::core
