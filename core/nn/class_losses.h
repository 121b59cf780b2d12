// The losses over classes: cross entropy of logits, and negative log-likelihood of log-probabilities.
#pragma once

#include <memory>

#include "core/nn/loss.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

std::unique_ptr<Loss> make_cross_entropy(Settings &settings);
std::unique_ptr<Loss> make_nll(Settings &settings);

}  // namespace penstock::core::nn
