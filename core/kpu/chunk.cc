#include "core/kpu/chunk.h"

#include <algorithm>

namespace penstock::core::kpu {

Chunk ChunkWalk::next() {
  const bool is_os = plan_.dataflow == Dataflow::output_stationary;
  const int64_t row_fold = is_os ? outer_ : inner_, column_fold = is_os ? inner_ : outer_;
  const int64_t steps = std::min(plan_.chunk_steps, plan_.time - step_);
  Chunk chunk{product_,
              row_fold,
              column_fold,
              step_,
              steps,
              plan_.rows_of(row_fold),
              plan_.columns_of(column_fold),
              step_ == 0,
              step_ + steps == plan_.time,
              false};
  step_ += steps;
  if (step_ == plan_.time) step_ = 0, ++inner_;
  if (inner_ == (is_os ? plan_.column_folds : plan_.row_folds)) inner_ = 0, ++outer_;
  if (outer_ == (is_os ? plan_.row_folds : plan_.column_folds)) outer_ = 0, ++product_;
  chunk.is_last = at_end();
  return chunk;
}

ChunkTransfers::ChunkTransfers(const Plan &plan, int64_t base)
    : plan_(plan),
      input_base_(base),
      weight_base_(base + plan.count * plan.input_elements * plan.element),
      output_base_(weight_base_ + plan.count * plan.k * plan.n * plan.element) {}

int64_t ChunkTransfers::bytes() const {
  return output_base_ - input_base_ + plan_.count * plan_.m * plan_.n * accumulator_size;
}

bool ChunkTransfers::needs_input(const Chunk &chunk) const {
  switch (plan_.dataflow) {
    case Dataflow::output_stationary: return chunk.column_fold == 0 || !(plan_.input_fits || plan_.input_block_fits);
    case Dataflow::weight_stationary: return chunk.column_fold == 0 || !plan_.input_fits;
    case Dataflow::input_stationary: break;
  }
  return chunk.begins_fold;
}

bool ChunkTransfers::needs_weights(const Chunk &chunk) const {
  switch (plan_.dataflow) {
    case Dataflow::output_stationary: return chunk.row_fold == 0 || !plan_.weights_fit;
    case Dataflow::weight_stationary: return chunk.begins_fold;
    case Dataflow::input_stationary: break;
  }
  return chunk.column_fold == 0 || !plan_.weights_fit;
}

AccessPattern ChunkTransfers::input_pattern(const Chunk &chunk) const {
  const int64_t stride = plan_.k * plan_.element, row = chunk.row_fold * plan_.rows,
                column = chunk.column_fold * plan_.columns;
  const auto at = [&](int64_t m, int64_t k) {
    return input_base_ + chunk.product * plan_.input_elements * plan_.element + (m * plan_.k + k) * plan_.element;
  };
  switch (plan_.dataflow) {
    case Dataflow::output_stationary:
      return {at(row, chunk.first_step), chunk.steps * plan_.element, chunk.rows, stride};
    case Dataflow::weight_stationary:
      return {at(chunk.first_step, row), chunk.rows * plan_.element, chunk.steps, stride};
    case Dataflow::input_stationary: break;
  }
  return {at(column, row), chunk.rows * plan_.element, chunk.columns, stride};
}

AccessPattern ChunkTransfers::weight_pattern(const Chunk &chunk) const {
  const int64_t stride = plan_.n * plan_.element, row = chunk.row_fold * plan_.rows,
                column = chunk.column_fold * plan_.columns;
  const auto at = [&](int64_t k, int64_t n) {
    return weight_base_ + ((chunk.product * plan_.k + k) * plan_.n + n) * plan_.element;
  };
  switch (plan_.dataflow) {
    case Dataflow::output_stationary:
      return {at(chunk.first_step, column), chunk.columns * plan_.element, chunk.steps, stride};
    case Dataflow::weight_stationary: return {at(row, column), chunk.columns * plan_.element, chunk.rows, stride};
    case Dataflow::input_stationary: break;
  }
  return {at(row, chunk.first_step), chunk.steps * plan_.element, chunk.rows, stride};
}

AccessPattern ChunkTransfers::output_pattern(const Chunk &chunk) const {
  const int64_t stride = plan_.n * accumulator_size, row = chunk.row_fold * plan_.rows,
                column = chunk.column_fold * plan_.columns;
  const auto at = [&](int64_t m, int64_t n) {
    return output_base_ + ((chunk.product * plan_.m + m) * plan_.n + n) * accumulator_size;
  };
  switch (plan_.dataflow) {
    case Dataflow::output_stationary: return {at(row, column), chunk.columns * accumulator_size, chunk.rows, stride};
    case Dataflow::weight_stationary:
      return {at(chunk.first_step, column), chunk.columns * accumulator_size, chunk.steps, stride};
    case Dataflow::input_stationary: break;
  }
  return {at(column, chunk.first_step), chunk.steps * accumulator_size, chunk.columns, stride};
}

// The next part of an image that stays: as much of it as these elements are of the im2col matrix.
AccessPattern ChunkTransfers::resident_input(const Chunk &chunk, int64_t elements) {
  __extension__ using int128 = __int128;
  const int128 all = int128{plan_.m} * plan_.k;
  const auto before = static_cast<int64_t>(int128{input_loaded_} * plan_.input_elements / all);
  input_loaded_ += elements;
  const auto after = static_cast<int64_t>(int128{input_loaded_} * plan_.input_elements / all);
  if (input_loaded_ == all) input_loaded_ = 0;
  const int64_t bytes = (after - before) * plan_.element;
  return {input_base_ + (chunk.product * plan_.input_elements + before) * plan_.element, bytes, 1, bytes};
}

TransferList ChunkTransfers::loads(const Chunk &chunk) {
  TransferList list;
  if (needs_weights(chunk)) list.add(SpanKind::load_weight, weight_pattern(chunk));
  if (needs_input(chunk)) {
    const AccessPattern input = input_pattern(chunk);
    list.add(SpanKind::load_input, plan_.input_fits ? resident_input(chunk, input.bytes() / plan_.element) : input);
  }
  if (!plan_.partials_fit && chunk.row_fold > 0) list.add(SpanKind::load_partial, output_pattern(chunk));
  return list;
}

TransferList ChunkTransfers::stores(const Chunk &chunk) const {
  TransferList list;
  if (plan_.dataflow == Dataflow::output_stationary) {
    if (chunk.ends_fold) list.add(SpanKind::store_output, output_pattern(chunk));
  } else if (chunk.row_fold == plan_.row_folds - 1) {
    list.add(SpanKind::store_output, output_pattern(chunk));
  } else if (!plan_.partials_fit) {
    list.add(SpanKind::store_partial, output_pattern(chunk));
  }
  return list;
}

}  // namespace penstock::core::kpu
