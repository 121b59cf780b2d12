// What describes an optimizer, read from JSON and written to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"
#include "core/nn/kernels/update_kernels.h"

namespace penstock::core::nn {

// Parameters with a rate or a decay of their own.
struct OptimizerGroup {
  std::vector<std::string> patterns;
  double learning_rate = 0, weight_decay = 0;
};

struct OptimizerSettings {
  std::string_view name;  // one of optimizer_names()
  UpdateRule rule = UpdateRule::sgd;
  double learning_rate = 0, weight_decay = 0;
  double momentum = 0, dampening = 0;
  bool nesterov = false;
  double beta1 = 0, beta2 = 0, epsilon = 0;
  bool amsgrad = false;
  double alpha = 0;
  bool centered = false;
  double learning_rate_decay = 0, initial_accumulator = 0;
  double clip_norm = 0, clip_value = 0;  // 0: none
  std::vector<OptimizerGroup> groups;
  Json schedule;  // as Schedule::description(), or null

  bool decouples_weight_decay() const { return name == "adamw" || name == "lion"; }
};

// See make_optimizer().
OptimizerSettings read_optimizer_settings(const Json &description);
Json describe(const OptimizerSettings &settings);

}  // namespace penstock::core::nn
