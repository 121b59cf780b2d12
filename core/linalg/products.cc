#include "core/linalg/products.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/tensor/tensor.h"

namespace penstock::core {
namespace {

// Blocks of this size at most: their left operand stays in the second cache while all panels pass.
constexpr int64_t most_block_rows = 384, most_block_columns = 1024;
// Products of two numbers that are worth a shard of their own (some ten microseconds), and from which on blocks are large
// enough for the copies of operands that each makes.
constexpr int64_t shard_work = int64_t{1} << 20, large_work = shard_work * 16;
// How many shards are enough: of any work, and of large work.
constexpr int64_t enough_shards = 8, enough_large_shards = 16;

void drop_last_axis(Products &products) {
  for (Extents *extents : {&products.batch, &products.out_strides, &products.left_strides, &products.right_strides})
    extents->erase(extents->size() - 1);
}

// A batch of left operands that are multiplied by one matrix is a matrix of more rows, where they lie like one.
Products with_batch_in_rows(Products products) {
  while (!products.batch.empty()) {
    const int32_t axis = products.batch.size() - 1;
    const int64_t size = products.batch[axis];
    Block &block = products.first;
    if (size != 1) {
      const bool continues = block.rows == 1 || (products.left_strides[axis] == block.rows * block.left.row_stride &&
                                                 products.out_strides[axis] == block.rows * block.out.row_stride);
      if (products.right_strides[axis] != 0 || !continues) break;
      if (block.rows == 1) {
        block.left.row_stride = products.left_strides[axis];
        block.out.row_stride = products.out_strides[axis];
      }
      block.rows *= size;
    }
    drop_last_axis(products);
  }
  return products;
}

// A matrix that lies column after column, times one column, is that column as a row times the matrix's transpose: its rows
// then become vectors where they lie.
Products with_column_as_row(Products products) {
  Block &block = products.first;
  if (block.columns != 1 || block.left.row_stride != 1 || block.left.column_stride == 1 || block.out.row_stride != 1)
    return products;
  std::swap(products.left_strides, products.right_strides);
  std::swap(block.rows, block.columns);
  const MatrixView column = block.right;
  block.right = {block.left.data, block.left.column_stride, block.left.row_stride};
  block.left = {column.data, column.column_stride, column.row_stride};
  return products;
}

// How one product is cut: into rows x columns blocks of nearly one size.
struct Grid {
  int64_t rows = 1, columns = 1;
};

// Halved until there are enough blocks of enough work: they are to be higher than wide, since a copy of the left operand is
// the cheaper one.
Grid cut(const Block &product, int64_t product_count) {
  if (product.rows == 0 || product.columns == 0) return {};  // no elements to share out
  const double work = static_cast<double>(product.rows) * static_cast<double>(product.columns) *
                      static_cast<double>(std::max<int64_t>(product.inner, 1));
  Grid grid{std::max<int64_t>(1, shard_count(product.rows, most_block_rows)),
            std::max<int64_t>(1, shard_count(product.columns, most_block_columns))};
  for (;;) {
    const int64_t blocks = grid.rows * grid.columns, rows = product.rows / grid.rows;
    const int64_t columns = product.columns / grid.columns;
    const double halved = work / (2.0 * static_cast<double>(blocks));
    const bool is_worth_it =
        (blocks * product_count < enough_shards && halved >= static_cast<double>(shard_work)) ||
        (blocks * product_count < enough_large_shards && halved >= static_cast<double>(large_work));
    if (!is_worth_it || (rows < 16 && columns < 64)) return grid;
    (rows >= 2 * columns || columns < 64 ? grid.rows : grid.columns) *= 2;
  }
}

std::byte *offset_by(std::byte *data, int64_t elements, int64_t size) {
  return data == nullptr ? nullptr : data + elements * size;
}

// Stretch number index of count of nearly one size, of which all but the last begin and end at multiples of step.
Range stretch(int64_t index, int64_t count, int64_t size, int64_t step) {
  const int64_t steps = (size + step - 1) / step;
  return {std::min(size, steps * index / count * step), std::min(size, steps * (index + 1) / count * step)};
}

class ProductShards {
 public:
  explicit ProductShards(const Products &products)
      : products_(with_column_as_row(with_batch_in_rows(products))),
        kernel_(find_block_kernel(products.dtype)),
        element_(dtype_size(products.dtype)),
        product_count_(element_count(products_.batch)),
        grid_(cut(products_.first, product_count_)),
        block_count_(product_count_ * grid_.rows * grid_.columns) {}

  void run() {
    if (block_count_ == 0 || products_.first.rows == 0 || products_.first.columns == 0) return;
    const Block &product = products_.first;
    const int64_t work = std::max<int64_t>(
        1, product.rows * product.columns * std::max<int64_t>(1, product.inner) / (grid_.rows * grid_.columns));
    const int64_t grain = std::max<int64_t>(1, shard_work / work);
    const int64_t shards = shard_count(block_count_, grain);
    workspace_nbytes_ = kernel_.workspace_nbytes(largest_block());
    if (workspace_nbytes_ > small_workspace) {
      const int64_t slots = shards == 1 ? 1 : std::min<int64_t>(shards, process_pool().num_threads());
      slots_ = std::vector<std::atomic<bool>>(static_cast<size_t>(slots));
      workspaces_ = Storage::allocate(slots * workspace_nbytes_, 64, {});
    }
    parallel_for(block_count_, grain, [&](Range blocks) { run_shard(blocks); });
  }

 private:
  static constexpr int64_t small_workspace = 16384;

  // The greatest in each direction: the first are not always the largest.
  Block largest_block() const {
    Block block = products_.first;
    block.rows = std::min(block.rows, shard_count(shard_count(block.rows, row_step), grid_.rows) * row_step);
    block.columns =
        std::min(block.columns, shard_count(shard_count(block.columns, column_step), grid_.columns) * column_step);
    return block;
  }

  void run_shard(Range blocks) {
    if (workspace_nbytes_ <= small_workspace) {
      alignas(64) std::byte workspace[small_workspace];
      return run_blocks(blocks, workspace);
    }
    const size_t slot = take_slot();
    run_blocks(blocks, workspaces_->data() + static_cast<int64_t>(slot) * workspace_nbytes_);
    slots_[slot].store(false, std::memory_order_release);
  }

  // As many shards run at once as there are slots, but for a moment after the number of threads was raised.
  size_t take_slot() {
    for (;; std::this_thread::yield())
      for (size_t slot = 0; slot < slots_.size(); ++slot)
        if (!slots_[slot].load(std::memory_order_relaxed) && !slots_[slot].exchange(true, std::memory_order_acquire))
          return slot;
  }

  void run_blocks(Range blocks, std::byte *workspace) const {
    for (int64_t index = blocks.begin; index < blocks.end; ++index) {
      const Block block = block_at(index);
      if (block.rows > 0 && block.columns > 0) kernel_.multiply(block, workspace);
    }
  }

  Block block_at(int64_t index) const {
    const int64_t column = index % grid_.columns, row = index / grid_.columns % grid_.rows;
    int64_t product = index / (grid_.columns * grid_.rows);
    int64_t out = 0, left = 0, right = 0;  // elements
    for (int32_t axis = products_.batch.size() - 1; axis >= 0; --axis) {
      const int64_t position = product % products_.batch[axis];
      product /= products_.batch[axis];
      out += position * products_.out_strides[axis];
      left += position * products_.left_strides[axis];
      right += position * products_.right_strides[axis];
    }
    Block block = products_.first;
    const Range rows = stretch(row, grid_.rows, block.rows, row_step);
    const Range columns = stretch(column, grid_.columns, block.columns, column_step);
    block.rows = rows.size();
    block.columns = columns.size();
    out += rows.begin * block.out.row_stride + columns.begin;
    left += rows.begin * block.left.row_stride;
    right += columns.begin * block.right.column_stride;
    block.out.data = offset_by(block.out.data, out, element_);
    block.left.data = offset_by(block.left.data, left, element_);
    block.right.data = offset_by(block.right.data, right, element_);
    return block;
  }

  // Multiples of every kernel's tiles, where there is more than one block.
  static constexpr int64_t row_step = 24, column_step = 32;

  const Products products_;
  const BlockKernel kernel_;
  const int64_t element_;
  const int64_t product_count_;
  const Grid grid_;
  const int64_t block_count_;
  int64_t workspace_nbytes_ = 0;
  std::vector<std::atomic<bool>> slots_;
  Reference<Storage> workspaces_;
};

}  // namespace

void multiply(const Products &products) { ProductShards(products).run(); }

}  // namespace penstock::core
