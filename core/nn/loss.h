// What training makes small: how far a network's outputs are from their targets, and the gradient of that.
//
// The numbers are torch.nn.functional's with reduction="mean".
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/io/json.h"
#include "core/nn/operation.h"

namespace penstock::core::nn {

// One batch.  Memory is dense and row-major.
struct LossCall {
  ValueOutline output_outline;
  ValueOutline target_outline;  // its shape as check() took it; of target_dtype()
  const std::byte *outputs = nullptr;
  const std::byte *targets = nullptr;
  // One number a sample (index of the first axis), of the outputs' dtype: the loss of each is multiplied by it, and what
  // the sum is divided by stays as it is, as Keras's.  Null: all 1.
  const std::byte *sample_weights = nullptr;
  std::byte *gradient = nullptr;  // of the outputs' shape and dtype, memory of its own; null: not wanted
};

// Threads: any number.
class Loss {
 public:
  virtual ~Loss() = default;
  Loss(const Loss &) = delete;
  Loss &operator=(const Loss &) = delete;

  virtual std::string_view name() const = 0;
  // All that make_loss() takes, defaults included.
  Json description() const;
  // The class number that does not count, where there is one.
  virtual std::optional<int64_t> ignored_class() const { return {}; }

  // Throws type_mismatch for outputs that are neither float32 nor float64, and invalid_argument, naming both shapes, where
  // targets do not fit outputs.  Looks at no dtype of targets.
  virtual void check(const ValueOutline &outputs, const ValueOutline &targets) const;
  // What targets of that shape must be converted to: the outputs' dtype, or int64 for class numbers.
  virtual DType target_dtype(const ValueOutline &outputs, const ValueOutline &targets) const;

  // The mean loss; the gradient, where wanted, is the mean's.  Of no samples (or ignored ones only) NaN, as torch's.
  // Allocates nothing and takes no scratch; the sum runs in an order that depends on the shape alone.
  //
  // Throws out_of_range for a class number that is none, naming it, its place and how many classes there are; nothing has
  // been written then.
  virtual double compute(const LossCall &call) const = 0;

 protected:
  Loss() = default;
  virtual void describe(Json::Object &settings) const = 0;
};

// From a name, or an object with "name" and settings:
//
//   cross_entropy         outputs are logits of shape (samples, classes, ...); targets are class numbers of shape
//                         (samples, ...), or probabilities of the outputs' shape.  label_smoothing 0; class_weight null, a
//                         list of one number a class; ignore_index null, a class number that does not count
//   nll                   the same for log-probabilities, and class numbers only; class_weight, ignore_index
//   binary_cross_entropy  logits and probabilities of one shape.  pos_weight null, a number
//   mse, mae              no settings
//   huber                 delta 1
//   kl_divergence         log-probabilities and probabilities; the sum divided by the number of samples ("batchmean")
//   hinge                 targets -1 or 1: max(0, 1 - target * output)
//   cosine                1 - the cosine between output and target along the last axis, as cosine_embedding_loss's
//
// Where outputs have shape (samples, 1), targets may have shape (samples,), and the other way round; likewise class numbers
// (samples, 1) beside two axes of outputs.
//
// Throws invalid_argument, naming loss and setting, for what it does not know and for numbers beyond their limits.
std::unique_ptr<Loss> make_loss(const Json &description);
std::span<const std::string_view> loss_names();

}  // namespace penstock::core::nn
