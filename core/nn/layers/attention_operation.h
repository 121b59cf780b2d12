// Attention of many heads as one operation.
#pragma once

#include <memory>

#include "core/nn/operation.h"

namespace penstock::core::nn {

struct AttentionDescription {
  DType dtype = DType::float32;
  int64_t samples = 0, queries = 0, keys = 0;
  int64_t features = 0, heads = 0;  // heads divides features
  bool has_bias = true, is_causal = false;
  double dropout = 0;
  bool attends_to_itself = false;  // one input; otherwise three
};

// Parameters: in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias; the biases where there are some.  Throws
// out_of_memory.
std::unique_ptr<Operation> make_attention_operation(const AttentionDescription &description, bool has_backward);

}  // namespace penstock::core::nn
