// Training for some epochs.
#pragma once

#include <functional>
#include <optional>

#include "core/nn/model.h"

namespace penstock::core::nn {

struct FitOptions {
  bool shuffles = true;
  int64_t epochs = 1;  // in all, those that are done already among them
  int64_t batch_size = 32;
  const Tensor *weights = nullptr;
  const Tensor *validation_x = nullptr, *validation_y = nullptr;  // both or none
  // Called behind each epoch; true ends the training.
  std::function<bool(int64_t epoch, const BatchResult &result, const BatchResult *validation)> on_epoch;
};

void fit(Model &model, const Tensor &x, const Tensor &y, const FitOptions &options);

// Loss and metrics over all rows; the model's metrics are then those of these rows.
BatchResult evaluate(Model &model, const Tensor &x, const Tensor &y, const Tensor *weights, int64_t batch_size);

}  // namespace penstock::core::nn
