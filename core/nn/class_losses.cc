#include "core/nn/class_losses.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/nn/kernels/loss_kernels.h"
#include "core/nn/loss_pieces.h"
#include "core/nn/loss_shapes.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t most_classes = int64_t{1} << 40;

// What both losses have: how much each class counts, and which number does not count at all.
struct ClassWeights {
  std::vector<double> weights;  // empty: all 1
  std::optional<int64_t> ignored;

  explicit ClassWeights(Settings &settings) {
    if (settings.value("ignore_index") != nullptr)
      ignored = settings.integer("ignore_index", 0, -most_classes, most_classes);
    const Json *given = settings.value("class_weight");
    if (given == nullptr) return;
    constexpr std::string_view expected = "a list of numbers from 0 on, one a class";
    if (given->if_array() == nullptr || given->if_array()->empty()) settings.refuse("class_weight", *given, expected);
    for (const Json &each : *given->if_array()) {
      const double *real = each.if_double();
      const uint64_t *whole = each.if_unsigned();
      const int64_t *integer = each.if_signed();
      const double weight = real != nullptr      ? *real
                            : whole != nullptr   ? static_cast<double>(*whole)
                            : integer != nullptr ? static_cast<double>(*integer)
                                                 : -1;
      if (!(weight >= 0 && std::isfinite(weight))) settings.refuse("class_weight", *given, expected);
      weights.push_back(weight);
    }
  }

  double of(int64_t number) const { return weights.empty() ? 1 : weights[static_cast<size_t>(number)]; }
  bool counts(int64_t number) const { return number != ignored; }

  // What the losses' sum is divided by.
  double total(const int64_t *numbers, int64_t count) const {
    double sum = 0;
    for (int64_t position = 0; position < count; ++position)
      if (counts(numbers[position])) sum += of(numbers[position]);
    return sum;
  }

  void check(std::string_view who, const ValueOutline &outputs) const {
    if (!weights.empty() && static_cast<int64_t>(weights.size()) != outputs.shape[1])
      fail(Status::invalid_argument, who, ": class_weight has ", static_cast<int64_t>(weights.size()),
           " numbers, but outputs of shape ", outputs.shape, " have ", outputs.shape[1], " classes");
  }

  void describe(Json::Object &settings) const {
    append(settings, "class_weight", weights.empty() ? Json() : Json(Json::Array(weights.begin(), weights.end())));
    append(settings, "ignore_index", ignored ? Json(*ignored) : Json());
  }
};

template <typename Element>
double sample_weight(const LossCall &call, int64_t sample) {
  return call.sample_weights == nullptr ? 1 : static_cast<double>(elements<Element>(call.sample_weights)[sample]);
}

// Cross entropy over one batch.
template <typename Element>
class CrossEntropy {
 public:
  CrossEntropy(const LossCall &call, const ClassWeights &weights, double smoothing)
      : call_(call),
        weights_(weights),
        smoothing_(smoothing),
        layout_(call.output_outline.shape),
        class_stride_(layout_.inner),
        position_stride_(layout_.inner == 1 ? layout_.classes : 1),
        outputs_(elements<Element>(call.outputs)),
        gradient_(elements<Element>(call.gradient)) {
    if (are_class_numbers(call.output_outline.shape, call.target_outline.shape)) {
      numbers_ = elements<int64_t>(call.targets);
      require_class_numbers("loss cross_entropy", numbers_, call.target_outline, layout_, weights.ignored);
      divisor_ = weights.total(numbers_, layout_.positions());
    } else {
      probabilities_ = elements<Element>(call.targets);
      divisor_ = static_cast<double>(layout_.positions());
    }
  }

  double mean() const {
    if (layout_.positions() == 0 || layout_.classes == 0) return NAN;
    // A block of positions: rows of several samples, or columns of one.
    const bool has_rows = layout_.inner == 1;
    const int64_t most =
        has_rows ? std::clamp<int64_t>(loss_grain / layout_.classes, 1, most_positions) : most_positions;
    const int64_t run = has_rows ? layout_.samples : layout_.inner, blocks_a_run = shard_count(run, most);
    const int64_t blocks = blocks_a_run * (has_rows ? 1 : layout_.samples);
    const int64_t grain = std::max<int64_t>(loss_grain / (most * layout_.classes), 1);
    const double sum = sum_of_pieces(blocks, grain, [&](Range range) {
      double losses = 0;
      for (int64_t block = range.begin; block < range.end; ++block) {
        const Range part = shard_range(block % blocks_a_run, run, most);
        losses += sum_of_block(block / blocks_a_run * run + part.begin, part.size());
      }
      return losses;
    });
    return sum / divisor_;
  }

 private:
  double sum_of_block(int64_t first, int64_t positions) const {
    const int64_t offset = layout_.position_offset(first);
    std::array<Element, most_positions> highest, sums;
    const ClassBlock<Element> block{outputs_ + offset, gradient_ == nullptr ? nullptr : gradient_ + offset,
                                    layout_.classes,   class_stride_,
                                    positions,         position_stride_};
    loss_kernels<Element>().softmax(block, highest.data(), sums.data());
    double losses = 0;
    std::array<Element, most_positions> factors;  // that make gradients of exponentials
    for (int64_t index = 0; index < positions; ++index) {
      const auto slot = static_cast<size_t>(index);
      const auto sum = static_cast<double>(sums[slot]);
      const double top = static_cast<double>(highest[slot]), log_sum = std::log(sum);
      const double weight = sample_weight<Element>(call_, (first + index) / layout_.inner);
      const Parts parts = parts_of(first + index, offset + index * position_stride_, top, log_sum);
      losses += weight * parts.loss;
      factors[slot] = static_cast<Element>(parts.share == 0 ? 0 : parts.share * weight / divisor_ / sum);
    }
    if (gradient_ != nullptr) {
      scale(gradient_ + offset, positions, factors.data());
      for (int64_t index = 0; index < positions; ++index)
        take_targets(first + index, offset + index * position_stride_);
    }
    return losses;
  }

  // A position's loss, and the sum of what its classes weigh: what its probabilities are multiplied by in the gradient.
  struct Parts {
    double loss = 0, share = 0;
  };

  Parts parts_of(int64_t position, int64_t offset, double top, double log_sum) const {
    Parts parts;
    for_each_weight(position, offset, [&](int64_t place, double weight) {
      parts.loss += weight * ((top - static_cast<double>(outputs_[place])) + log_sum);
      parts.share += weight;
    });
    return parts;
  }

  void take_targets(int64_t position, int64_t offset) const {
    const double factor = sample_weight<Element>(call_, position / layout_.inner) / divisor_;
    for_each_weight(position, offset,
                    [&](int64_t place, double weight) { gradient_[place] -= static_cast<Element>(factor * weight); });
  }

  // Calls body(place in the outputs, weight) for the classes of one position that its loss is made of.
  template <typename Body>
  void for_each_weight(int64_t position, int64_t offset, const Body &body) const {
    const int64_t classes = layout_.classes;
    const double even = smoothing_ / static_cast<double>(classes);
    if (numbers_ != nullptr) {
      const int64_t number = numbers_[position];
      if (!weights_.counts(number)) return;
      body(offset + number * class_stride_, (1 - smoothing_) * weights_.of(number));
      if (smoothing_ == 0) return;
      for (int64_t each = 0; each < classes; ++each) body(offset + each * class_stride_, even * weights_.of(each));
    } else {
      for (int64_t each = 0; each < classes; ++each) {
        const int64_t place = offset + each * class_stride_;
        body(place, weights_.of(each) * ((1 - smoothing_) * static_cast<double>(probabilities_[place]) + even));
      }
    }
  }

  void scale(Element *exponentials, int64_t positions, const Element *factors) const {
    if (layout_.inner == 1) {
      for (int64_t position = 0; position < positions; ++position)
        for (int64_t each = 0; each < layout_.classes; ++each)
          exponentials[position * layout_.classes + each] *= factors[position];
    } else {
      for (int64_t each = 0; each < layout_.classes; ++each)
        for (int64_t position = 0; position < positions; ++position)
          exponentials[each * class_stride_ + position] *= factors[position];
    }
  }

  const LossCall &call_;
  const ClassWeights &weights_;
  double smoothing_;
  ClassLayout layout_;
  int64_t class_stride_, position_stride_;
  const Element *outputs_;
  Element *gradient_;
  const int64_t *numbers_ = nullptr;
  const Element *probabilities_ = nullptr;
  double divisor_ = 0;
};

class CrossEntropyLoss : public Loss {
 public:
  explicit CrossEntropyLoss(Settings &settings)
      : smoothing_(settings.number("label_smoothing", 0, 0, 1)), weights_(settings) {}

  std::string_view name() const override { return "cross_entropy"; }
  std::optional<int64_t> ignored_class() const override { return weights_.ignored; }
  void check(const ValueOutline &outputs, const ValueOutline &targets) const override {
    require_floating("loss cross_entropy", outputs);
    const bool fits = outputs.shape.size() >= 2 &&
                      (outputs.shape == targets.shape || are_class_numbers(outputs.shape, targets.shape));
    if (!fits)
      refuse_shapes("loss cross_entropy", outputs, targets,
                    "outputs (samples, classes, ...), and targets (samples, ...) or the outputs' shape");
    weights_.check("loss cross_entropy", outputs);
  }
  DType target_dtype(const ValueOutline &outputs, const ValueOutline &targets) const override {
    return are_class_numbers(outputs.shape, targets.shape) ? DType::int64 : outputs.dtype;
  }
  double compute(const LossCall &call) const override {
    if (call.output_outline.dtype == DType::float32) return CrossEntropy<float>(call, weights_, smoothing_).mean();
    return CrossEntropy<double>(call, weights_, smoothing_).mean();
  }

 private:
  void describe(Json::Object &settings) const override {
    append(settings, "label_smoothing", smoothing_);
    weights_.describe(settings);
  }

  double smoothing_;
  ClassWeights weights_;
};

class NllLoss : public Loss {
 public:
  explicit NllLoss(Settings &settings) : weights_(settings) {}

  std::string_view name() const override { return "nll"; }
  std::optional<int64_t> ignored_class() const override { return weights_.ignored; }
  void check(const ValueOutline &outputs, const ValueOutline &targets) const override {
    require_floating("loss nll", outputs);
    if (!are_class_numbers(outputs.shape, targets.shape))
      refuse_shapes("loss nll", outputs, targets, "outputs (samples, classes, ...), and targets (samples, ...)");
    weights_.check("loss nll", outputs);
  }
  DType target_dtype(const ValueOutline &, const ValueOutline &) const override { return DType::int64; }
  double compute(const LossCall &call) const override {
    return call.output_outline.dtype == DType::float32 ? compute_on<float>(call) : compute_on<double>(call);
  }

 private:
  template <typename Element>
  double compute_on(const LossCall &call) const {
    const ClassLayout layout(call.output_outline.shape);
    const int64_t positions = layout.positions();
    const auto *numbers = elements<int64_t>(call.targets);
    require_class_numbers("loss nll", numbers, call.target_outline, layout, weights_.ignored);
    const auto *outputs = elements<Element>(call.outputs);
    auto *gradient = elements<Element>(call.gradient);
    if (gradient != nullptr) std::fill_n(gradient, call.output_outline.element_count(), Element{0});
    const double divisor = weights_.total(numbers, positions);
    double sum = 0;
    for (int64_t position = 0; position < positions; ++position) {
      const int64_t number = numbers[position];
      if (!weights_.counts(number)) continue;
      const int64_t place = layout.position_offset(position) + number * layout.inner;
      const double weight = weights_.of(number) * sample_weight<Element>(call, position / layout.inner);
      sum -= weight * static_cast<double>(outputs[place]);
      if (gradient != nullptr) gradient[place] = static_cast<Element>(-weight / divisor);
    }
    return sum / divisor;
  }
  void describe(Json::Object &settings) const override { weights_.describe(settings); }

  ClassWeights weights_;
};

}  // namespace

std::unique_ptr<Loss> make_cross_entropy(Settings &settings) { return std::make_unique<CrossEntropyLoss>(settings); }

std::unique_ptr<Loss> make_nll(Settings &settings) { return std::make_unique<NllLoss>(settings); }

}  // namespace penstock::core::nn
