#include "core/loader/samples/batch_assembly.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/base/checked.h"

namespace penstock::core {
namespace {

// The strides of rows one behind the other, each of which lies in memory in the order of its axes that is given.
Extents strides_of(const RowLayout &layout, const Extents &shape) {
  if (layout.order.empty()) return row_major_strides(shape);
  Extents strides = Extents::filled(shape.size(), 1);
  int64_t step = 1;
  for (int32_t place = layout.order.size() - 1; place >= 0; --place) {
    const auto axis = static_cast<int32_t>(layout.order[place]);
    strides[axis + 1] = step;
    step *= layout.shape[axis];
  }
  strides[0] = step;
  return strides;
}

// Blocks for bytes have few sizes, so that they can be used again.
int64_t rounded_size(int64_t nbytes) {
  constexpr uint64_t least = 4096;
  return static_cast<int64_t>(std::bit_ceil(std::max<uint64_t>(static_cast<uint64_t>(nbytes), least)));
}

Tensor bytes_tensor(StoragePool &pool, int64_t count) {
  Tensor made;
  made.storage = pool.take(rounded_size(count));
  made.data = made.storage->data();
  made.dtype = DType::uint8;
  made.shape = {count};
  made.strides = {1};
  return made;
}

int64_t checked_row_nbytes(const RowLayout &layout, int64_t rows, const std::string &name) {
  const auto row = checked_multiply(checked_element_count(layout.shape, layout.dtype), dtype_size(layout.dtype));
  const auto all = row ? checked_multiply(*row, rows) : std::nullopt;
  if (!all || *all > largest_nbytes)
    fail(Status::invalid_argument, "the field \"", name, "\" is of shape ", layout.shape, " and ", layout.dtype,
         ": a batch of ", rows, " is too large");
  return *row;
}

}  // namespace

void FieldRows::begin(const BatchFieldPlan &field, int64_t count, int64_t whole_count) {
  is_bytes_ = becomes_bytes(field.kind);
  count_ = count;
  whole_count_ = whole_count;
  rows_ = {};
  if (!is_bytes_) return;
  sizes_.assign(static_cast<size_t>(count), 0);
  if (apart_.size() < static_cast<size_t>(count)) apart_.resize(static_cast<size_t>(count));
}

void FieldRows::lay_out(const RowLayout &layout, StoragePool &pool) {
  layout_ = layout;
  if (is_bytes_) {
    // A first sample far above the others must not take its size once a row.
    constexpr uint64_t most = uint64_t{256} << 20;
    const auto all = checked_multiply(layout.size, static_cast<uint64_t>(count_));
    row_nbytes_ = all && *all <= most ? static_cast<int64_t>(layout.size) : 0;
    rows_ = bytes_tensor(pool, row_nbytes_ * count_);
    return;
  }
  row_nbytes_ = checked_row_nbytes(layout, whole_count_, "rows");
  Extents shape = layout.shape;
  shape.insert(0, count_);
  rows_ = make_rows(pool, layout.dtype, shape, whole_count_);
  rows_.strides = strides_of(layout, shape);
}

void FieldRows::write_bytes(int64_t row, std::span<const std::byte> bytes) {
  const auto index = static_cast<size_t>(row);
  sizes_[index] = bytes.size();
  if (bytes.empty()) return;
  if (static_cast<int64_t>(bytes.size()) == row_nbytes_)
    std::memcpy(this->row(row), bytes.data(), bytes.size());
  else
    apart_[index].assign(bytes.begin(), bytes.end());
}

bool FieldRows::place_bytes(int64_t row, uint64_t size) {
  sizes_[static_cast<size_t>(row)] = size;
  return static_cast<int64_t>(size) == row_nbytes_;
}

// Moves good rows up to where bad ones were.
void FieldRows::close_gaps(std::span<const int64_t> good) {
  for (size_t place = 0; place < good.size(); ++place)
    if (good[place] != static_cast<int64_t>(place) && row_nbytes_ > 0)
      std::memcpy(row(static_cast<int64_t>(place)), row(good[place]), static_cast<size_t>(row_nbytes_));
}

Tensor FieldRows::joined(std::span<const int64_t> good, StoragePool &pool) {
  uint64_t total = 0;
  bool are_even = true;
  for (const int64_t row : good) {
    const uint64_t size = sizes_[static_cast<size_t>(row)];
    total += size;
    are_even = are_even && static_cast<int64_t>(size) == row_nbytes_;
  }
  if (are_even) {
    close_gaps(good);
    rows_.shape = {static_cast<int64_t>(total)};
    return std::move(rows_);
  }
  Tensor made = bytes_tensor(pool, static_cast<int64_t>(total));
  std::byte *to = made.data;
  for (const int64_t index : good) {
    const uint64_t size = sizes_[static_cast<size_t>(index)];
    if (size == 0) continue;
    const bool is_in_place = static_cast<int64_t>(size) == row_nbytes_;
    std::memcpy(to, is_in_place ? row(index) : apart_[static_cast<size_t>(index)].data(), size);
    to += size;
  }
  return made;
}

BatchField FieldRows::finish(const BatchFieldPlan &field, std::span<const int64_t> good, StoragePool &pool) {
  const auto count = static_cast<int64_t>(good.size());
  if (!is_bytes_) {
    close_gaps(good);
    rows_.shape[0] = count;
    return {field.name, std::move(rows_), std::nullopt};
  }
  Tensor offsets = make_rows(pool, DType::int64, {count + 1}, whole_count_ + 1);
  auto *place = reinterpret_cast<int64_t *>(offsets.data);
  *place = 0;
  for (const int64_t row : good) {
    place[1] = *place + static_cast<int64_t>(sizes_[static_cast<size_t>(row)]);
    ++place;
  }
  return {field.name, joined(good, pool), std::move(offsets)};
}

void BatchAssembly::begin(int64_t rows, int64_t whole_rows) {
  samples_.assign(static_cast<size_t>(rows), 0);
  failures_.assign(static_cast<size_t>(rows), std::nullopt);
  for (size_t index = 0; index < fields_.size(); ++index) fields_[index].begin(plan_[index], rows, whole_rows);
}

void BatchAssembly::finish(SampleBatch &out, StoragePool &pool) {
  good_.clear();
  for (int64_t row = 0; row < rows(); ++row)
    if (auto &failure = failures_[static_cast<size_t>(row)])
      out.bad.push_back(std::move(*failure));
    else
      good_.push_back(row);
  out.size = static_cast<int64_t>(good_.size());
  if (good_.empty()) return;
  for (size_t index = 0; index < fields_.size(); ++index) {
    out.fields.push_back(fields_[index].finish(plan_[index], good_, pool));
    out.nbytes += static_cast<uint64_t>(out.fields.back().values.nbytes());
  }
  out.samples = make_rows(pool, DType::int64, {out.size}, rows());
  auto *numbers = reinterpret_cast<int64_t *>(out.samples.data);
  for (const int64_t row : good_) *numbers++ = static_cast<int64_t>(sample(row));
}

}  // namespace penstock::core
