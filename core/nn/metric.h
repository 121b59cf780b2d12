// What people watch while a model is trained: figures over all batches of an epoch.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "core/io/json.h"
#include "core/nn/operation.h"

namespace penstock::core::nn {

// One batch, as a LossCall.
struct MetricCall {
  ValueOutline output_outline;
  ValueOutline target_outline;  // its shape as check() took it; of target_dtype()
  const std::byte *outputs = nullptr;
  const std::byte *targets = nullptr;
  const std::byte *sample_weights = nullptr;  // of the outputs' dtype; null: all 1
};

// Threads: one at a time.
class Metric {
 public:
  virtual ~Metric() = default;
  Metric(const Metric &) = delete;
  Metric &operator=(const Metric &) = delete;

  virtual std::string_view name() const = 0;
  // All that make_metric() takes, defaults included.
  Json description() const;

  // Leaves out targets of that class number, as the loss does; nothing where the metric has none, or its own was named.
  virtual void ignore(int64_t number);

  // As Loss's.
  virtual void check(const ValueOutline &outputs, const ValueOutline &targets) const;
  virtual DType target_dtype(const ValueOutline &outputs, const ValueOutline &targets) const;

  // Allocates nothing.  Throws out_of_range for a class number that is none, and changes nothing then.
  void accumulate(const MetricCall &call);
  // The weighted mean over all that was accumulated since reset(), or a function of it; NaN where that is nothing.
  virtual double result() const { return sum_ / weight_; }
  void reset() { sum_ = weight_ = 0; }

  // What result() is made of: numbers that may be added over several processes.
  double sum() const { return sum_; }
  double weight() const { return weight_; }
  void set_sums(double sum, double weight) { sum_ = sum, weight_ = weight; }

 protected:
  struct Sums {
    double sum = 0, weight = 0;
  };

  Metric() = default;
  virtual void describe(Json::Object &settings) const;
  virtual Sums sums_of(const MetricCall &call) const = 0;

 private:
  double sum_ = 0, weight_ = 0;
};

// From a name, or an object with "name" and settings:
//
//   accuracy          the share of right answers: of outputs (samples, classes, ...) the class with the highest one, beside
//                     class numbers (samples, ...) or one-hot targets of the outputs' shape; of outputs with a single class,
//                     or one axis, as binary_accuracy.  threshold 0.5; ignore_index null, a class number that does not
//                     count
//   binary_accuracy   the share of elements on the right side: output above threshold 0.5 (0 where outputs are logits),
//                     target above 0.5
//   top_k_accuracy    as accuracy, right where less than k 5 classes have a higher output; not for one axis; ignore_index
//   mse, mae, rmse    of elements
//   perplexity        exp of the mean cross entropy; from_logits true (log-probabilities are logits too), false where
//                     outputs are probabilities; ignore_index
//
// Throws invalid_argument, naming metric and setting, for what it does not know and for numbers beyond their limits.
std::unique_ptr<Metric> make_metric(const Json &description);
std::span<const std::string_view> metric_names();

}  // namespace penstock::core::nn
