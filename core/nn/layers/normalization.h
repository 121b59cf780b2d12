// Layers that give elements a mean of 0 and a variance of 1, as torch's do: batch_norm, layer_norm, rms_norm.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {"features", "epsilon" 1e-5, "momentum" 0.1, "affine" true}: each of the features, axis 1 of inputs (N, C), (N, C, L) or
// (N, C, H, W), by its mean and variance over the batch in training, by the running ones otherwise.  These move by momentum
// of the way to the batch's in each step, the variance to the unbiased one.
//
// Parameters: weight, bias where affine, running_mean, running_var.  An empty batch leaves all as it is.
std::shared_ptr<Layer> make_batch_norm(Settings &settings, DType dtype);

// {"shape", "epsilon" 1e-5, "affine" true, "use_bias" true}: the last axes of each sample, whose sizes shape lists (one
// number is one axis).  Parameters, of that shape, where affine: weight, and bias unless use_bias is false.
std::shared_ptr<Layer> make_layer_norm(Settings &settings, DType dtype);

// {"shape", "epsilon" null, "affine" true}: as layer_norm, but divided by the root of the mean square alone.  Epsilon null is
// the dtype's: the difference between 1 and the next number.
std::shared_ptr<Layer> make_rms_norm(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
