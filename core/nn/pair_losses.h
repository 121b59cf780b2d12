// The losses that compare each output with one target: binary cross entropy, hinge, Huber, Kullback and Leibler's
// divergence, mean absolute and squared error; and the cosine between vectors.
#pragma once

#include <memory>

#include "core/nn/loss.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

std::unique_ptr<Loss> make_binary_cross_entropy(Settings &settings);
std::unique_ptr<Loss> make_cosine(Settings &settings);
std::unique_ptr<Loss> make_hinge(Settings &settings);
std::unique_ptr<Loss> make_huber(Settings &settings);
std::unique_ptr<Loss> make_kl_divergence(Settings &settings);
std::unique_ptr<Loss> make_mae(Settings &settings);
std::unique_ptr<Loss> make_mse(Settings &settings);

}  // namespace penstock::core::nn
