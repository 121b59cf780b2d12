// The pieces in which a plan's folds are fetched and computed: the order of the event tier's work.
#pragma once

#include <cstdint>

#include "core/kpu/dram.h"
#include "core/kpu/plan.h"
#include "core/kpu/timeline.h"

namespace penstock::core::kpu {

// Some time steps of one fold.
struct Chunk {
  int64_t product, row_fold, column_fold;
  int64_t first_step, steps;
  int64_t rows, columns;  // of the array that the fold uses
  bool begins_fold, ends_fold, is_last;
};

// One descriptor for the DMA engine.
struct Transfer {
  SpanKind kind;
  AccessPattern pattern;
};

// Few transfers, without an allocation.
struct TransferList {
  Transfer items[3];
  int32_t count = 0;
  void add(SpanKind kind, const AccessPattern &pattern) {
    if (pattern.bytes() > 0) items[count++] = {kind, pattern};
  }
};

// Goes through the chunks of a plan in order.
class ChunkWalk {
 public:
  explicit ChunkWalk(const Plan &plan) : plan_(plan) {}

  bool at_end() const { return product_ == plan_.count; }
  Chunk next();

 private:
  const Plan &plan_;
  int64_t product_ = 0, outer_ = 0, inner_ = 0, step_ = 0;
};

// Where the operands of a plan lie in external memory, one behind the other, and what each chunk moves.
class ChunkTransfers {
 public:
  ChunkTransfers(const Plan &plan, int64_t base);

  int64_t bytes() const;                   // that all operands take
  TransferList loads(const Chunk &chunk);  // to be asked for in the order of the chunks: it counts what is there
  TransferList stores(const Chunk &chunk) const;

 private:
  AccessPattern input_pattern(const Chunk &chunk) const;
  AccessPattern weight_pattern(const Chunk &chunk) const;
  AccessPattern output_pattern(const Chunk &chunk) const;
  bool needs_input(const Chunk &chunk) const;
  bool needs_weights(const Chunk &chunk) const;
  AccessPattern resident_input(const Chunk &chunk, int64_t elements);

  const Plan &plan_;
  int64_t input_base_, weight_base_, output_base_;
  int64_t input_loaded_ = 0;  // elements of the im2col matrix of this product that have been asked for
};

}  // namespace penstock::core::kpu
