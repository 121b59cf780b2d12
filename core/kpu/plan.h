// How one matrix product is laid over the array and the scratchpad: its folds, what is fetched how often, and what that
// costs.  Both the closed form and the event tier follow it, so that they agree.
//
// The three operands have a third of the scratchpad each.  An operand that fits its third is fetched once; one that does
// not is streamed through it in chunks of so many time steps, half a third at a time where double_buffered is set, again
// for every fold that needs it.  Sums over K that do not fit go to external memory between two folds ("partials").
#pragma once

#include <cstdint>

#include "core/kpu/config.h"
#include "core/kpu/counters.h"
#include "core/kpu/topology.h"

namespace penstock::core::kpu {

struct Plan {
  Dataflow dataflow;
  int64_t m, n, k, count;
  int64_t rows, columns;  // of the array
  bool skip_partial;
  int64_t row_extent, column_extent, time;  // the sizes that rows, columns and time stand for
  int64_t row_folds, column_folds;
  int64_t element, input_elements;  // bytes of an operand's element; left operand's elements in memory
  int64_t chunk_steps;              // time steps of a chunk
  bool input_fits, weights_fit;     // the whole operand stays in the scratchpad
  bool input_block_fits;            // output stationary: the rows of one fold do
  bool partials_fit;                // the sums of one column fold stay beside the array
  int64_t compute_cycles;           // of all products, as the table of kpu.md has them

  int64_t folds() const { return row_folds * column_folds; }
  int64_t rows_of(int64_t row_fold) const;
  int64_t columns_of(int64_t column_fold) const;
  int64_t fold_overhead(int64_t row_fold, int64_t column_fold) const;  // cycles of a fold beside its time steps
};

// Throws invalid_argument for sizes below 1; where the cycles or bytes exceed 2^62; and where the operands do not fit, with
// the smallest scratchpad_size that would do.
Plan plan(const Gemm &gemm, const Config &config);

// What a plan moves and computes, by formulas.  cycles is the larger of compute cycles and traffic at the memory's peak:
// no run takes fewer.
Counters closed_form(const Plan &plan, const Config &config);

}  // namespace penstock::core::kpu
