// How parameters follow their gradients: SGD, Adam, AdamW, RMSprop, Adagrad and Lion over flat buffers, one pass a step.
//
// The numbers are torch.optim's (Lion's those of its paper): the same terms in the same order, up to rounding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"
#include "core/nn/kernels/update_kernels.h"
#include "core/nn/optimizer_settings.h"
#include "core/nn/schedule.h"
#include "core/tensor/dtype.h"

namespace penstock::core::nn {

// A stretch of the flat buffers that belongs to one group: one parameter, as a rule.  In elements.
struct OptimizerSegment {
  int64_t begin = 0;
  int64_t count = 0;
  int32_t group = 0;
};

struct OptimizerStep {
  std::byte *parameters = nullptr;
  const std::byte *gradients = nullptr;  // clipping does not write to them
  std::span<std::byte *const> states;    // in the order of state_names(), each as long as the parameters
  // Ascending, none over another; what lies between them is neither read nor written.
  std::span<const OptimizerSegment> segments;
  std::span<const double> learning_rates;  // one a group, as learning_rates_at() gives them
  int64_t number = 1;  // of this step; 1 for the first, whose states are as fill_state() leaves them
};

// Threads: any number may read one; step() may run on several at once with memory of their own.
class Optimizer {
 public:
  Optimizer(OptimizerSettings settings, DType dtype);

  std::string_view name() const { return settings_.name; }
  // All that make_optimizer() takes, defaults included.
  Json description() const;
  DType dtype() const { return dtype_; }

  // What it remembers from step to step beside the step's number: "first_moment", "second_moment".
  std::span<const std::string_view> state_names() const;
  // Writes what state number index begins with: zeros, but for Adagrad's "initial_accumulator".
  void fill_state(size_t index, std::byte *to, int64_t element_count) const;

  // The group of each parameter: 0 for those that no entry of "groups" matches, otherwise one more than its index.  Throws
  // invalid_argument for a pattern that matches no name.
  std::vector<int32_t> resolve(std::span<const std::string> names) const;
  int32_t group_count() const { return static_cast<int32_t>(settings_.groups.size()) + 1; }
  // Before the schedule.
  double learning_rate(int32_t group) const;

  Schedule &schedule() { return *schedule_; }
  const Schedule &schedule() const { return *schedule_; }
  // The rate of each group in the step at this position; rates has group_count() numbers.
  void learning_rates_at(const TrainingPosition &position, std::span<double> rates) const;

  // Changes parameters and states.  Allocates nothing; the bits depend on segments and numbers alone, not on threads.
  void step(const OptimizerStep &step) const;

 private:
  double weight_decay(int32_t group) const;

  OptimizerSettings settings_;
  DType dtype_;
  std::unique_ptr<Schedule> schedule_;
  UpdateKernels kernels_;
};

// From a name, or an object with "name" and settings:
//
//   sgd      learning_rate 0.01, momentum 0, dampening 0, nesterov false
//   adam     learning_rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8, amsgrad false
//   adamw    the same, weight_decay 0.01
//   rmsprop  learning_rate 0.01, alpha 0.99, epsilon 1e-8, momentum 0, centered false
//   adagrad  learning_rate 0.01, learning_rate_decay 0, initial_accumulator 0, epsilon 1e-10
//   lion     learning_rate 0.0001, beta1 0.9, beta2 0.99
//
// and for all: "lr" for "learning_rate" ("lr_decay" likewise);
//   weight_decay 0  added to the gradient; of adamw and lion taken from the parameter itself
//   clip_value      each element of the gradient stays within plus and minus that; null for none
//   clip_norm       then all gradients together are scaled down to that norm, as torch's clip_grad_norm_ does; null for none
//   groups          [{"parameters": ["0.*", "1.bias"], "learning_rate", "weight_decay"}]: names as a shell's patterns, for
//                   those parameters another rate or decay; the first entry that matches
//   schedule        make_schedule()'s; null for a constant rate
//
// dtype: of parameters, gradients and states; float32 or float64, otherwise type_mismatch.  Throws invalid_argument, naming
// optimizer and setting, for what it does not know and for numbers beyond their limits.
std::unique_ptr<Optimizer> make_optimizer(const Json &description, DType dtype);
std::span<const std::string_view> optimizer_names();

}  // namespace penstock::core::nn
