// The loops of attention between its matrix products: what they work on, and those for this processor.
//
// The bits do not depend on the width of vectors.  They allocate nothing and run on the thread that calls them.
#pragma once

#include <cstdint>

#include "core/base/lanes.h"
#include "core/base/range.h"

namespace penstock::core::nn {

// Rows of scores, one for each query, a column for each key; queries rows are one matrix.
struct ScoreRows {
  int64_t queries = 0, keys = 0;
  bool is_causal = false;  // query i sees the keys 0 to i alone
  double scale = 1;        // of the scores, before the softmax

  PS_LANES_INLINE int64_t keys_seen(int64_t row) const {
    const int64_t seen = row % queries + 1;
    return is_causal && seen < keys ? seen : keys;
  }
};

template <typename Element>
struct AttentionKernels {
  // Softmax of scale * scores, in place; 0 for keys that are not seen.
  void (*softmax)(const ScoreRows &how, Element *scores, Range rows);
  // gradients, of the probabilities, become those of the scores.
  void (*softmax_gradients)(const ScoreRows &how, Element *gradients, const Element *probabilities, Range rows);
};

struct AttentionTable {
  AttentionKernels<float> single;
  AttentionKernels<double> twofold;
};

const AttentionTable &attention_kernels_16();
const AttentionTable &attention_kernels_32();
const AttentionTable &attention_kernels_64();

// For this processor.
template <typename Element>
const AttentionKernels<Element> &attention_kernels();

}  // namespace penstock::core::nn
