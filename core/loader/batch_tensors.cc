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

// One tensor of a batch, and the bytes of its rows.  The memory of a whole batch is used again; one cut short at the end of
// an epoch is rare, and may be of any size.
struct Rows {
  Tensor tensor;
  int64_t row_nbytes;

  std::byte *row(int64_t index) const { return tensor.data + index * row_nbytes; }
};

Rows make_rows(StoragePool &pool, const LoaderOptions &options, const Extents &shape) {
  Rows made;
  made.row_nbytes = element_count(shape) / shape[0] * dtype_size(options.dtype);
  const int64_t nbytes = shape[0] * made.row_nbytes;
  if (shape[0] == options.batch_size)
    made.tensor.storage = pool.take(nbytes);
  else
    made.tensor.storage = new_block(nbytes);
  made.tensor.data = made.tensor.storage->data();
  made.tensor.dtype = options.dtype;
  made.tensor.shape = shape;
  made.tensor.strides = row_major_strides(shape);
  return made;
}

}  // namespace

Lc0Tensors make_lc0_tensors(const Batch &batch, const LoaderOptions &options, StoragePool &pool) {
  const auto count = static_cast<int64_t>(batch.positions.size());
  const Rows planes = make_rows(pool, options, {count, lc0_planes, 8, 8}),
             policy = make_rows(pool, options, {count, lc0_policy_size}),
             values = make_rows(pool, options, {count, lc0_value_rows, lc0_value_columns});
  for (int64_t row = 0; row < count; ++row)
    expand_lc0_position({planes.row(row), policy.row(row), values.row(row)}, batch.positions[static_cast<size_t>(row)],
                        options.dtype);
  return {planes.tensor, policy.tensor, values.tensor};
}

}  // namespace penstock::core
