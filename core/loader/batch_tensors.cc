#include "core/loader/batch_tensors.h"

#include <sys/mman.h>

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/loader/lc0_tensors.h"

namespace penstock::core {

struct StoragePool::Shelf {
  explicit Shelf(size_t most) : most_idle(most) {}

  const size_t most_idle;
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

StoragePool::StoragePool(size_t most_idle) : shelf_(std::make_shared<Shelf>(most_idle)) {}
void StoragePool::hold() { shelf_->mutex.lock(); }
void StoragePool::release() { shelf_->mutex.unlock(); }

namespace {

constexpr int64_t huge_page = int64_t{2} << 20;

Reference<Storage> new_block(int64_t nbytes) {
  const bool is_large = nbytes >= 2 * huge_page;
  auto block = Storage::allocate(nbytes, is_large ? huge_page : Storage::default_alignment, Device{});
  if (is_large) madvise(block->data(), static_cast<size_t>(nbytes / huge_page * huge_page), MADV_HUGEPAGE);
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
  if (!lent->block) lent->block = new_block(nbytes);
  auto storage = Storage::wrap(lent->block->data(), nbytes, Device{}, false, PooledBlock::give_back, lent.get());
  static_cast<void>(lent.release());  // now the storage's
  return storage;
}

namespace {

// One tensor of a batch.  A batch that an epoch's end cut short takes the memory of a whole one, where it fills a good part
// of it: small epochs have one in every few.
Tensor make_rows(StoragePool &pool, const LoaderOptions &options, const Extents &shape) {
  constexpr int64_t least_part = 4;
  const int64_t row_nbytes = element_count(shape) / shape[0] * dtype_size(options.dtype);
  Tensor made;
  if (shape[0] >= options.batch_size / least_part)
    made.storage = pool.take(options.batch_size * row_nbytes);
  else
    made.storage = new_block(shape[0] * row_nbytes);
  made.data = made.storage->data();
  made.dtype = options.dtype;
  made.shape = shape;
  made.strides = row_major_strides(shape);
  return made;
}

}  // namespace

Lc0Tensors make_lc0_tensors(const Batch &batch, const LoaderOptions &options, StoragePool &pool) {
  const auto count = static_cast<int64_t>(batch.positions.size());
  const Tensor planes = make_rows(pool, options, {count, lc0_planes, 8, 8}),
               policy = make_rows(pool, options, {count, lc0_policy_size}),
               values = make_rows(pool, options, {count, lc0_value_rows, lc0_value_columns});
  expand_lc0_positions({planes.data, policy.data, values.data}, batch.positions, options.dtype);
  return {planes, policy, values};
}

}  // namespace penstock::core
