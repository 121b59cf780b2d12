// Layers that read a sequence step by step: lstm, gru.
//
// Inputs are (batch, steps, in_features), results (batch, units), those of the last step, or (batch, steps, units).  Both
// begin with zeros; parameters are named, shaped and ordered as torch's: weight_ih, weight_hh, bias_ih, bias_hh, with the
// gates input, forget, candidate, output (lstm) or reset, update, candidate (gru, whose reset gate multiplies the
// candidate's product and bias) one below the other.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {"in_features", "units", "use_bias": true, "return_sequences": false, "reverse": false, "weight_initializer",
// "recurrent_initializer", "bias_initializer"}.  reverse: a sequence is read from its end; what belongs to a step stays at it,
// and the last step is then the sequence's first.  What no initializer is given for begins between -1 / sqrt(units) and
// 1 / sqrt(units).
std::shared_ptr<Layer> make_lstm(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_gru(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
