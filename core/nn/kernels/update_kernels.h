// The loops of the optimizers' steps, and of the gradients' norm, for each width of vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/tensor/dtype.h"

namespace penstock::core::nn {

enum class UpdateRule {
  sgd,
  sgd_momentum,
  sgd_nesterov,
  adam,
  adam_amsgrad,
  rmsprop,
  rmsprop_centered,
  rmsprop_momentum,
  rmsprop_centered_momentum,
  adagrad,
  lion
};

inline constexpr size_t most_optimizer_states = 3;

// What is the same for all elements of a group in one step.
struct UpdateNumbers {
  double gradient_scale = 1;
  double gradient_limit = std::numeric_limits<double>::infinity();  // before it is scaled
  double weight_decay = 0;                                          // times the parameter, added to the gradient
  double parameter_scale = 1;   // of a decay that is taken from the parameter itself
  double rate = 0;              // what the direction is multiplied by
  double keep1 = 0, take1 = 0;  // first state: keep1 * state + take1 * gradient
  double keep2 = 0, take2 = 0;  // second state, as a rule of the gradient's squares
  double momentum = 0;
  double root_scale = 1, epsilon = 0;  // a root's, in a denominator
};

// Elements of one group side by side.
struct UpdateStretch {
  std::byte *parameters;
  const std::byte *gradients;
  std::byte *states[most_optimizer_states];
  int64_t count;
};

// Changes parameters and states.  The bits are the same at each width.
using UpdateKernel = void (*)(const UpdateStretch &stretch, const UpdateNumbers &numbers);
// The sum of the squares of gradients, each limited first; in an order that depends on count alone.
using SquareSumKernel = double (*)(const std::byte *gradients, int64_t count, double limit);

struct UpdateKernels {
  UpdateKernel update;
  SquareSumKernel square_sum;
};

// dtype: float32 or float64.
UpdateKernels update_kernels_16(UpdateRule rule, DType dtype);
UpdateKernels update_kernels_32(UpdateRule rule, DType dtype);
UpdateKernels update_kernels_64(UpdateRule rule, DType dtype);

}  // namespace penstock::core::nn
