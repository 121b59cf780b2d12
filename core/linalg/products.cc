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
// The same for a product with one row or one column: it takes as long as its operands take to be read.
constexpr int64_t vector_shard_work = int64_t{1} << 17;
// What each part of a cut inner axis has at least, and, but for the last one, a multiple of.
constexpr int64_t inner_step = 512;
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

struct Arranged : Products {
  bool is_swapped = false;  // left is what was given as right
};

// A matrix that lies column after column, times one column, is that column as a row times the matrix's transpose: its rows
// then become vectors where they lie.
Arranged with_column_as_row(Arranged products) {
  Block &block = products.first;
  if (block.columns != 1 || block.left.row_stride != 1 || block.left.column_stride == 1 || block.out.row_stride != 1)
    return products;
  products.is_swapped = !products.is_swapped;
  std::swap(products.left_strides, products.right_strides);
  std::swap(block.rows, block.columns);
  const MatrixView column = block.right;
  block.right = {block.left.data, block.left.column_stride, block.left.row_stride};
  block.left = {column.data, column.column_stride, column.row_stride};
  return products;
}

// A row times a matrix that lies column after column is that matrix's transpose times the row as a column: rows of it are
// then read from end to end.
Arranged with_row_as_column(Arranged products) {
  Block &block = products.first;
  if (block.rows != 1 || block.columns == 1 || block.left.column_stride != 1 || block.right.row_stride != 1 ||
      block.right.column_stride == 1)
    return products;
  products.is_swapped = !products.is_swapped;
  std::swap(products.left_strides, products.right_strides);
  std::swap(block.rows, block.columns);
  const MatrixView row = block.left;
  block.left = {block.right.data, block.right.column_stride, block.right.row_stride};
  block.right = {row.data, row.column_stride, row.row_stride};
  block.out.row_stride = 1;
  return products;
}

Arranged arranged(const Products &products) {
  return with_row_as_column(with_column_as_row({with_batch_in_rows(products)}));
}

int64_t work_of_a_shard(const Block &product) {
  return product.rows == 1 || product.columns == 1 ? vector_shard_work : shard_work;
}

// How one product is cut: into rows x columns blocks of nearly one size, each of them along inner too, into parts whose sums
// are added up in the end.
struct Grid {
  int64_t rows = 1, columns = 1, parts = 1;

  int64_t blocks() const { return rows * columns * parts; }
};

// Halved until there are enough blocks of enough work: they are to be higher than wide, since a copy of the left operand is
// the cheaper one.
Grid cut_result(const Block &product, int64_t product_count) {
  if (product.rows == 0 || product.columns == 0) return {};  // no elements to share out
  const double work = static_cast<double>(product.rows) * static_cast<double>(product.columns) *
                      static_cast<double>(std::max<int64_t>(product.inner, 1));
  Grid grid{std::max<int64_t>(1, shard_count(product.rows, most_block_rows)),
            std::max<int64_t>(1, shard_count(product.columns, most_block_columns))};
  const int64_t least = work_of_a_shard(product);
  for (;;) {
    const int64_t blocks = grid.blocks(), rows = product.rows / grid.rows;
    const int64_t columns = product.columns / grid.columns;
    const double halved = work / (2.0 * static_cast<double>(blocks));
    const bool is_worth_it =
        (blocks * product_count < enough_shards && halved >= static_cast<double>(least)) ||
        (blocks * product_count < enough_large_shards && halved >= static_cast<double>(large_work));
    if (!is_worth_it || (rows < 16 && columns < 64)) return grid;
    (rows >= 2 * columns || columns < 64 ? grid.rows : grid.columns) *= 2;
  }
}

// Where the result is too small to be shared out, inner is.
Grid cut(const Block &product, int64_t product_count) {
  Grid grid = cut_result(product, product_count);
  const int64_t least = work_of_a_shard(product);
  for (;;) {
    const int64_t inner = product.inner / (2 * grid.parts);
    const int64_t rows = product.rows / grid.rows, columns = product.columns / grid.columns;
    const double work = static_cast<double>(inner) * static_cast<double>(rows) * static_cast<double>(columns);
    if (grid.blocks() * product_count >= enough_shards || inner < inner_step || work < static_cast<double>(least))
      return grid;
    grid.parts *= 2;
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

}  // namespace

class ProductShards {
 public:
  explicit ProductShards(const Products &products)
      : products_(arranged(products)),
        kernel_(find_block_kernel(products.dtype)),
        element_(dtype_size(products.dtype)),
        product_count_(element_count(products_.batch)),
        grid_(cut(products_.first, product_count_)),
        block_count_(product_count_ * grid_.blocks()) {
    if (!has_elements()) return;
    const Block &product = products_.first;
    const int64_t work =
        std::max<int64_t>(1, product.rows * product.columns * std::max<int64_t>(1, product.inner) / grid_.blocks());
    grain_ = std::max<int64_t>(1, work_of_a_shard(product) / work);
    const int64_t shards = shard_count(block_count_, grain_);
    workspace_nbytes_ = kernel_.workspace_nbytes(largest_block());
    if (workspace_nbytes_ > small_workspace) {
      const int64_t slots = shards == 1 ? 1 : std::min<int64_t>(shards, process_pool().num_threads());
      slots_ = std::vector<std::atomic<bool>>(static_cast<size_t>(slots));
      workspaces_ = Storage::allocate(slots * workspace_nbytes_, 64, {});
    }
    if (grid_.parts > 1) sums_ = Storage::allocate(product_count_ * sums_nbytes(grid_.parts), 64, {});
  }

  void run(std::byte *out, std::byte *left, std::byte *right) {
    if (!has_elements()) return;
    if (products_.is_swapped) std::swap(left, right);
    products_.first.out.data = out;
    products_.first.left.data = left;
    products_.first.right.data = right;
    // After a fork a slot may be that of a thread which the child does not have.
    for (std::atomic<bool> &slot : slots_) slot.store(false, std::memory_order_relaxed);
    parallel_for(block_count_, grain_, [&](Range blocks) { run_shard(blocks); });
    for (int64_t index = 0; grid_.parts > 1 && index < product_count_; ++index)
      kernel_.add_up(product_at(index), sums_->data() + index * sums_nbytes(grid_.parts), grid_.parts);
  }

 private:
  static constexpr int64_t small_workspace = 16384;

  bool has_elements() const { return block_count_ > 0 && products_.first.rows > 0 && products_.first.columns > 0; }

  // The greatest in each direction: the first are not always the largest.
  Block largest_block() const {
    Block block = products_.first;
    block.rows = std::min(block.rows, shard_count(shard_count(block.rows, row_step), grid_.rows) * row_step);
    block.columns =
        std::min(block.columns, shard_count(shard_count(block.columns, column_step), grid_.columns) * column_step);
    block.inner = std::min(block.inner, shard_count(shard_count(block.inner, inner_step), grid_.parts) * inner_step);
    block.keeps_sums = grid_.parts > 1;
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

  // As many shards run at once as there are slots, unless the number of threads was raised since.
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

  // Of so many parts of one product.
  int64_t sums_nbytes(int64_t parts) const {
    return parts * products_.first.rows * products_.first.columns * kernel_.sum_nbytes;
  }

  Block product_at(int64_t product) const {
    int64_t out = 0, left = 0, right = 0;  // elements
    for (int32_t axis = products_.batch.size() - 1; axis >= 0; --axis) {
      const int64_t position = product % products_.batch[axis];
      product /= products_.batch[axis];
      out += position * products_.out_strides[axis];
      left += position * products_.left_strides[axis];
      right += position * products_.right_strides[axis];
    }
    Block block = products_.first;
    block.out.data = offset_by(block.out.data, out, element_);
    block.left.data = offset_by(block.left.data, left, element_);
    block.right.data = offset_by(block.right.data, right, element_);
    return block;
  }

  Block block_at(int64_t index) const {
    const int64_t column = index % grid_.columns, row = index / grid_.columns % grid_.rows;
    const int64_t part = index / (grid_.columns * grid_.rows) % grid_.parts, product = index / grid_.blocks();
    Block block = product_at(product);
    int64_t out_element = element_;
    if (grid_.parts > 1) {
      block.out = {sums_->data() + product * sums_nbytes(grid_.parts) + part * sums_nbytes(1), block.columns, 1};
      block.keeps_sums = true;
      out_element = kernel_.sum_nbytes;
    }
    const Range inner = stretch(part, grid_.parts, block.inner, inner_step);
    const Range rows = stretch(row, grid_.rows, block.rows, row_step);
    const Range columns = stretch(column, grid_.columns, block.columns, column_step);
    block.rows = rows.size();
    block.columns = columns.size();
    block.inner = inner.size();
    block.out.data = offset_by(block.out.data, rows.begin * block.out.row_stride + columns.begin, out_element);
    block.left.data = offset_by(block.left.data,
                                rows.begin * block.left.row_stride + inner.begin * block.left.column_stride, element_);
    block.right.data = offset_by(
        block.right.data, inner.begin * block.right.row_stride + columns.begin * block.right.column_stride, element_);
    return block;
  }

  // Multiples of every kernel's tiles, where there is more than one block.
  static constexpr int64_t row_step = 24, column_step = 32;

  Arranged products_;  // with the pointers of the run
  const BlockKernel kernel_;
  const int64_t element_;
  const int64_t product_count_;
  const Grid grid_;
  const int64_t block_count_;
  int64_t grain_ = 1;
  int64_t workspace_nbytes_ = 0;
  std::vector<std::atomic<bool>> slots_;
  Reference<Storage> sums_;  // of all parts, where inner is cut
  Reference<Storage> workspaces_;
};

void multiply(const Products &products) {
  const Block &first = products.first;
  ProductShards(products).run(first.out.data, first.left.data, first.right.data);
}

PreparedProduct::PreparedProduct(const Products &products) : shards_(std::make_unique<ProductShards>(products)) {}
PreparedProduct::~PreparedProduct() = default;
PreparedProduct::PreparedProduct(PreparedProduct &&) noexcept = default;
PreparedProduct &PreparedProduct::operator=(PreparedProduct &&) noexcept = default;

void PreparedProduct::run(std::byte *out, const std::byte *left, const std::byte *right) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): operands are only read; a MatrixView has one kind of pointer
  shards_->run(out, const_cast<std::byte *>(left), const_cast<std::byte *>(right));
}

}  // namespace penstock::core
