// A batch while it is assembled: memory that rows are written into, in any order and by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/loader/samples/batch_plan.h"
#include "core/loader/samples/sample_batch.h"
#include "core/loader/storage_pool.h"

namespace penstock::core {

// What the rows of one field have in common: said by the first sample of the batch that could be read.
struct RowLayout {
  DType dtype = DType::uint8;
  Extents shape;      // of a row, as it is handed out
  Extents order;      // the axes of shape in the order in which they lie in memory; empty: as they stand
  uint64_t size = 0;  // of a field of bytes: as many as that sample has
  friend bool operator==(const RowLayout &one, const RowLayout &other) {
    return one.dtype == other.dtype && one.shape == other.shape;
  }
};

// Where one field's rows go.
class FieldRows {
 public:
  void begin(const BatchFieldPlan &field, int64_t count, int64_t whole_count);
  bool is_bytes() const { return is_bytes_; }

  // Takes memory for all rows.  Throws out_of_memory; invalid_argument where they would be too large.
  void lay_out(const RowLayout &layout, StoragePool &pool);
  const RowLayout &layout() const { return layout_; }

  int64_t row_nbytes() const { return row_nbytes_; }
  std::byte *row(int64_t index) { return rows_.data + index * row_nbytes_; }
  void write_bytes(int64_t row, std::span<const std::byte> bytes);

  // Of bytes: whether so many fit the row's own place, where the caller then writes them.
  bool place_bytes(int64_t row, uint64_t size);

  // The field of the rows that are good, in their order.  Once, after all rows are written.
  BatchField finish(const BatchFieldPlan &field, std::span<const int64_t> good, StoragePool &pool);

 private:
  void close_gaps(std::span<const int64_t> good);
  Tensor joined(std::span<const int64_t> good, StoragePool &pool);

  bool is_bytes_ = false;
  int64_t count_ = 0, whole_count_ = 0;
  RowLayout layout_;
  int64_t row_nbytes_ = 0;
  Tensor rows_;
  // Of bytes: rows of the first one's size lie in rows_ already, where they belong if all have it; others lie apart.
  std::vector<uint64_t> sizes_;
  std::vector<std::vector<std::byte>> apart_;
};

class BatchAssembly {
 public:
  explicit BatchAssembly(const BatchPlan &plan) : plan_(plan), fields_(plan.size()) {}

  // Begins a batch of so many rows; memory of the one before is kept.
  void begin(int64_t rows, int64_t whole_rows);

  int64_t rows() const { return static_cast<int64_t>(samples_.size()); }
  std::vector<FieldRows> &fields() { return fields_; }
  const BatchPlan &plan() const { return plan_; }

  // Of each row, by who writes it.
  void set_sample(int64_t row, uint64_t number) { samples_[static_cast<size_t>(row)] = number; }
  uint64_t sample(int64_t row) const { return samples_[static_cast<size_t>(row)]; }
  void set_failure(int64_t row, Error error) { failures_[static_cast<size_t>(row)] = std::move(error); }

  // The sample whose rows decide what all are like.
  void set_model(uint64_t number) { model_ = number; }
  uint64_t model() const { return model_; }

  // Fills in size, fields, samples and bad of a batch.  No failure of a row is an error any more.
  void finish(SampleBatch &out, StoragePool &pool);

  // Of the rows up to failed_row, which have all been tried, the first failure.
  const std::optional<Error> &failure(int64_t row) const { return failures_[static_cast<size_t>(row)]; }

 private:
  const BatchPlan &plan_;
  std::vector<FieldRows> fields_;
  std::vector<uint64_t> samples_;
  std::vector<std::optional<Error>> failures_;
  std::vector<int64_t> good_;
  uint64_t model_ = 0;
};

}  // namespace penstock::core
