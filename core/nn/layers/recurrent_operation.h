// All time steps of an LSTM or a GRU, as one operation.
#pragma once

#include <memory>

#include "core/nn/kernels/recurrent_kernels.h"
#include "core/nn/operation.h"

namespace penstock::core::nn {

struct RecurrentForm {
  RecurrentCell cell = RecurrentCell::lstm;
  int64_t in_features = 0, units = 0;
  bool use_bias = true, return_sequences = false, reverse = false;

  int64_t gate_count() const { return cell == RecurrentCell::lstm ? 4 : 3; }
};

// input: (batch, steps, in_features), one step at least, of float32 or float64.  The parameters come in the order weight_ih,
// weight_hh, bias_ih, bias_hh.
std::unique_ptr<Operation> make_recurrent_operation(const RecurrentForm &form, const ValueOutline &input,
                                                    bool has_backward);

}  // namespace penstock::core::nn
