#include "core/kpu/pe_tier.h"

#include <algorithm>
#include <vector>

#include "core/kpu/values.h"

namespace penstock::core::kpu {
namespace {

// Registers of an array, one of each kind an element.
template <typename Number>
class Array {
 public:
  Array(int64_t rows, int64_t columns)
      : rows_(rows),
        columns_(columns),
        moving_right_(static_cast<size_t>(rows * columns)),
        moving_down_(moving_right_.size()),
        staying_(moving_right_.size()) {}

  // A cycle of an output stationary array; left and top are what enters.
  void step_outputs_stay(const Number *left, const Number *top) {
    for (int64_t row = rows_ - 1; row >= 0; --row) {
      Number *const right = row_of(moving_right_, row), *const down = row_of(moving_down_, row);
      Number *const sum = row_of(staying_, row);
      std::copy_n(row == 0 ? top : down - columns_, columns_, down);
      std::copy_backward(right, right + columns_ - 1, right + columns_);
      right[0] = left[row];
      for (int64_t column = 0; column < columns_; ++column)
        sum[column] = multiply_add(right[column], down[column], sum[column]);
    }
  }

  // A cycle in which the operand that stays moves down by a row; top is what enters.
  void step_preload(const Number *top) {
    for (int64_t row = rows_ - 1; row >= 0; --row) {
      Number *const staying = row_of(staying_, row);
      std::copy_n(row == 0 ? top : staying - columns_, columns_, staying);
    }
  }

  // A cycle in which products are added on the way down; bottom() then has what leaves.
  void step_operand_stays(const Number *left) {
    for (int64_t row = rows_ - 1; row >= 0; --row) {
      Number *const right = row_of(moving_right_, row), *const down = row_of(moving_down_, row);
      const Number *const staying = row_of(staying_, row);
      std::copy_backward(right, right + columns_ - 1, right + columns_);
      right[0] = left[row];
      for (int64_t column = 0; column < columns_; ++column) {
        const Number above = row == 0 ? Number{0} : (down - columns_)[column];
        down[column] = multiply_add(right[column], staying[column], above);
      }
    }
  }

  const Number *bottom() { return row_of(moving_down_, rows_ - 1); }
  const Number *sums(int64_t row) { return row_of(staying_, row); }

 private:
  Number *row_of(std::vector<Number> &registers, int64_t row) { return registers.data() + row * columns_; }

  int64_t rows_, columns_;
  std::vector<Number> moving_right_, moving_down_, staying_;
};

// One fold of a product.
template <typename Number>
class Fold {
 public:
  Fold(std::span<const Number> a, std::span<const Number> b, std::span<Number> c, const Plan &plan, int64_t row_fold,
       int64_t column_fold)
      : a_(a),
        b_(b),
        c_(c),
        plan_(plan),
        row_(row_fold * plan.rows),
        column_(column_fold * plan.columns),
        used_rows_(plan.rows_of(row_fold)),
        used_columns_(plan.columns_of(column_fold)),
        rows_(plan.skip_partial ? used_rows_ : plan.rows),
        columns_(plan.skip_partial ? used_columns_ : plan.columns),
        left_(static_cast<size_t>(rows_)),
        top_(static_cast<size_t>(columns_)) {}

  int64_t run() { return plan_.dataflow == Dataflow::output_stationary ? outputs_stay() : operand_stays(); }

 private:
  int64_t outputs_stay() {
    Array<Number> array(rows_, columns_);
    int64_t cycle = 0;
    for (; cycle < plan_.time + rows_ + columns_ - 2; ++cycle) {
      for (int64_t row = 0; row < used_rows_; ++row) left_[index(row)] = at(cycle - row, row, Side::left);
      for (int64_t column = 0; column < used_columns_; ++column)
        top_[index(column)] = at(cycle - column, column, Side::top);
      array.step_outputs_stay(left_.data(), top_.data());
    }
    for (int64_t row = 0; row < used_rows_; ++row)
      std::copy_n(array.sums(row), used_columns_, c_.data() + (row_ + row) * plan_.n + column_);
    return cycle;
  }

  int64_t operand_stays() {
    Array<Number> array(rows_, columns_);
    int64_t cycle = 0;
    for (; cycle < rows_; ++cycle) {
      const int64_t row = rows_ - 1 - cycle;  // the last row enters first
      for (int64_t column = 0; column < used_columns_; ++column)
        top_[index(column)] = row < used_rows_ ? staying(row, column) : Number{0};
      array.step_preload(top_.data());
    }
    for (int64_t step = 0; step < plan_.time + rows_ + columns_ - 2; ++step, ++cycle) {
      for (int64_t row = 0; row < used_rows_; ++row) left_[index(row)] = at(step - row, row, Side::left);
      array.step_operand_stays(left_.data());
      for (int64_t column = 0; column < used_columns_; ++column)
        take(array.bottom()[column], step - (rows_ - 1) - column, column);
    }
    return cycle;
  }

  enum class Side { left, top };

  // What enters a row or column at a time step, nothing outside of [0, time).
  Number at(int64_t time, int64_t position, Side side) const {
    if (time < 0 || time >= plan_.time) return 0;
    switch (plan_.dataflow) {
      case Dataflow::output_stationary:
        return side == Side::left ? a_[index((row_ + position) * plan_.k + time)]
                                  : b_[index(time * plan_.n + column_ + position)];
      case Dataflow::weight_stationary: return a_[index(time * plan_.k + row_ + position)];
      case Dataflow::input_stationary: break;
    }
    return b_[index((row_ + position) * plan_.n + time)];
  }

  Number staying(int64_t row, int64_t column) const {
    if (plan_.dataflow == Dataflow::weight_stationary) return b_[index((row_ + row) * plan_.n + column_ + column)];
    return a_[index((column_ + column) * plan_.k + row_ + row)];
  }

  // A sum that has left a column, for one time step.
  void take(Number sum, int64_t time, int64_t column) {
    if (time < 0 || time >= plan_.time) return;
    const bool weights_stay = plan_.dataflow == Dataflow::weight_stationary;
    Number &result =
        weights_stay ? c_[index(time * plan_.n + column_ + column)] : c_[index((column_ + column) * plan_.n + time)];
    result = row_ == 0 ? sum : add(result, sum);
  }

  static size_t index(int64_t number) { return static_cast<size_t>(number); }

  std::span<const Number> a_, b_;
  std::span<Number> c_;
  const Plan &plan_;
  int64_t row_, column_, used_rows_, used_columns_, rows_, columns_;
  std::vector<Number> left_, top_;
};

template <typename Number>
int64_t run_folds(std::span<const Number> a, std::span<const Number> b, std::span<Number> c, const Plan &plan) {
  int64_t cycles = 0;
  for (int64_t column_fold = 0; column_fold < plan.column_folds; ++column_fold)
    for (int64_t row_fold = 0; row_fold < plan.row_folds; ++row_fold)
      cycles += Fold<Number>(a, b, c, plan, row_fold, column_fold).run();
  return cycles;
}

}  // namespace

int64_t run_pe_array(std::span<const float> a, std::span<const float> b, std::span<float> c, const Plan &plan) {
  return run_folds(a, b, c, plan);
}

int64_t run_pe_array(std::span<const int32_t> a, std::span<const int32_t> b, std::span<int32_t> c, const Plan &plan) {
  return run_folds(a, b, c, plan);
}

}  // namespace penstock::core::kpu
