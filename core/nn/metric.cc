#include "core/nn/metric.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/nn/described.h"
#include "core/nn/loss.h"
#include "core/nn/loss_pieces.h"
#include "core/nn/loss_shapes.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;
constexpr int64_t most_classes = int64_t{1} << 40;

template <typename Element>
double sample_weight(const MetricCall &call, int64_t sample) {
  return call.sample_weights == nullptr ? 1 : static_cast<double>(elements<Element>(call.sample_weights)[sample]);
}

// The sum over samples of body(sample) times the sample's weight, and of the weights times parts(sample).
template <typename Element, typename Parts, typename Body>
void add_samples(const MetricCall &call, int64_t samples, int64_t sample_elements, double &sum, double &weight,
                 const Parts &parts, const Body &body) {
  const int64_t grain = std::max<int64_t>(loss_grain / std::max<int64_t>(sample_elements, 1), 1);
  sum = sum_of_pieces(samples, grain, [&](Range range) {
    double piece = 0;
    for (int64_t sample = range.begin; sample < range.end; ++sample)
      piece += sample_weight<Element>(call, sample) * body(sample);
    return piece;
  });
  weight = 0;
  for (int64_t sample = 0; sample < samples; ++sample) weight += parts(sample) * sample_weight<Element>(call, sample);
}

// A target that does not count, or none.
using Ignored = std::optional<int64_t>;

template <typename Target>
bool counts(Target target, Ignored ignored) {
  return !ignored || target != static_cast<Target>(*ignored);
}

// How many of a sample's targets count.
template <typename Target>
double counted(const Target *targets, int64_t size, Ignored ignored) {
  if (!ignored) return static_cast<double>(size);
  return static_cast<double>(
      std::count_if(targets, targets + size, [&](Target target) { return counts(target, ignored); }));
}

Ignored read_ignored(Settings &settings) {
  if (settings.value("ignore_index") == nullptr) return {};
  return settings.integer("ignore_index", 0, -most_classes, most_classes);
}

void describe_ignored(Json::Object &settings, Ignored ignored) {
  settings.emplace_back("ignore_index", ignored ? Json(*ignored) : Json());
}

// The share of elements on the right side of a threshold.
class BinaryAccuracy : public Metric {
 public:
  explicit BinaryAccuracy(double threshold) : threshold_(threshold) {}
  std::string_view name() const override { return "binary_accuracy"; }

 protected:
  void describe(Json::Object &settings) const override { settings.emplace_back("threshold", threshold_); }
  Sums sums_of(const MetricCall &call) const override { return sums_without(call, {}); }
  Sums sums_without(const MetricCall &call, Ignored ignored) const {
    return call.output_outline.dtype == DType::float32 ? sums_on<float>(call, ignored) : sums_on<double>(call, ignored);
  }

 private:
  template <typename Element>
  Sums sums_on(const MetricCall &call, Ignored ignored) const {
    const int64_t samples = call.output_outline.shape[0], count = call.output_outline.element_count();
    if (count == 0) return {};
    const int64_t size = count / samples;
    const auto *outputs = elements<Element>(call.outputs), *targets = elements<Element>(call.targets);
    const auto threshold = static_cast<Element>(threshold_);
    Sums sums;
    const auto parts = [&](int64_t sample) { return counted(targets + sample * size, size, ignored); };
    add_samples<Element>(call, samples, size, sums.sum, sums.weight, parts, [&](int64_t sample) {
      int64_t right = 0;
      for (int64_t index = sample * size; index < (sample + 1) * size; ++index) {
        const bool is_one = !std::isnan(outputs[index]) && counts(targets[index], ignored);  // a NaN is on no side
        right += is_one && (outputs[index] > threshold) == (targets[index] > Element{0.5}) ? 1 : 0;
      }
      return static_cast<double>(right);
    });
    return sums;
  }

  double threshold_;
};

// The share of positions whose class is among the k highest outputs; ties go to the lower class number where k is 1.
class ClassAccuracy : public BinaryAccuracy {
 public:
  // k = 0: that with the highest output, and binary_accuracy for outputs of a single class.
  ClassAccuracy(std::string_view name, int64_t k, double threshold, Ignored ignored)
      : BinaryAccuracy(threshold), name_(name), who_(text("metric ", name)), k_(k), ignored_(ignored) {}
  std::string_view name() const override { return name_; }
  void ignore(int64_t number) override { ignored_ = ignored_.value_or(number); }

  void check(const ValueOutline &outputs, const ValueOutline &targets) const override {
    if (is_binary(outputs)) return Metric::check(outputs, targets);
    require_floating(who_, outputs);
    const bool fits = outputs.shape.size() >= 2 &&
                      (outputs.shape == targets.shape || are_class_numbers(outputs.shape, targets.shape));
    if (!fits)
      refuse_shapes(who_, outputs, targets,
                    "outputs (samples, classes, ...), and targets (samples, ...) or the outputs' shape");
  }
  DType target_dtype(const ValueOutline &outputs, const ValueOutline &targets) const override {
    return !is_binary(outputs) && are_class_numbers(outputs.shape, targets.shape) ? DType::int64 : outputs.dtype;
  }

 protected:
  void describe(Json::Object &settings) const override {
    if (k_ > 0)
      settings.emplace_back("k", static_cast<uint64_t>(k_));
    else
      BinaryAccuracy::describe(settings);
    describe_ignored(settings, ignored_);
  }
  Sums sums_of(const MetricCall &call) const override {
    if (is_binary(call.output_outline)) return sums_without(call, ignored_);
    return call.output_outline.dtype == DType::float32 ? sums_on<float>(call) : sums_on<double>(call);
  }

 private:
  bool is_binary(const ValueOutline &outputs) const {
    return k_ == 0 && (outputs.shape.size() == 1 || (outputs.shape.size() > 1 && outputs.shape[1] == 1));
  }

  template <typename Element>
  Sums sums_on(const MetricCall &call) const {
    const ClassLayout layout(call.output_outline.shape);
    const int64_t *numbers = nullptr;
    if (are_class_numbers(call.output_outline.shape, call.target_outline.shape)) {
      numbers = elements<int64_t>(call.targets);
      require_class_numbers(who_, numbers, call.target_outline, layout, ignored_);
    }
    if (layout.positions() == 0 || layout.classes == 0) return {};
    const auto *outputs = elements<Element>(call.outputs);
    Sums sums;
    const int64_t sample_elements = layout.classes * layout.inner;
    const auto parts = [&](int64_t sample) {
      return numbers == nullptr ? static_cast<double>(layout.inner)
                                : counted(numbers + sample * layout.inner, layout.inner, ignored_);
    };
    add_samples<Element>(call, layout.samples, sample_elements, sums.sum, sums.weight, parts, [&](int64_t sample) {
      int64_t right = 0;
      for (int64_t position = sample * layout.inner; position < (sample + 1) * layout.inner; ++position) {
        if (numbers != nullptr && !counts(numbers[position], ignored_)) continue;
        const int64_t offset = layout.position_offset(position);
        const int64_t wanted =
            numbers != nullptr ? numbers[position] : highest_class(elements<Element>(call.targets) + offset, layout);
        right += is_right(outputs + offset, layout, wanted) ? 1 : 0;
      }
      return static_cast<double>(right);
    });
    return sums;
  }

  template <typename Element>
  static int64_t highest_class(const Element *targets, const ClassLayout &layout) {
    int64_t highest = 0;
    for (int64_t each = 1; each < layout.classes; ++each)
      if (targets[each * layout.inner] > targets[highest * layout.inner]) highest = each;
    return highest;
  }

  // Written so that a NaN is higher than all, and makes the answer wrong.
  template <typename Element>
  bool is_right(const Element *outputs, const ClassLayout &layout, int64_t wanted) const {
    const Element output = outputs[wanted * layout.inner];
    if (std::isnan(output)) return false;
    int64_t higher = 0;
    for (int64_t each = 0; each < layout.classes; ++each) higher += outputs[each * layout.inner] <= output ? 0 : 1;
    if (k_ > 0) return higher < k_;
    for (int64_t each = 0; each < wanted && higher == 0; ++each)
      higher += outputs[each * layout.inner] < output ? 0 : 1;
    return higher == 0;
  }

  std::string_view name_;
  std::string who_;
  int64_t k_;
  Ignored ignored_;
};

// The mean of a loss.
class LossMetric : public Metric {
 public:
  LossMetric(std::string_view name, std::string_view loss, bool is_root)
      : name_(name), loss_(make_loss(Json(loss))), is_root_(is_root) {}
  std::string_view name() const override { return name_; }
  double result() const override { return is_root_ ? std::sqrt(Metric::result()) : Metric::result(); }

 protected:
  Sums sums_of(const MetricCall &call) const override {
    if (call.output_outline.element_count() == 0) return {};
    const int64_t samples = call.output_outline.shape[0];
    Sums sums;
    sums.sum = static_cast<double>(samples) * loss_->compute({.output_outline = call.output_outline,
                                                              .target_outline = call.target_outline,
                                                              .outputs = call.outputs,
                                                              .targets = call.targets,
                                                              .sample_weights = call.sample_weights});
    for (int64_t sample = 0; sample < samples; ++sample)
      sums.weight += call.output_outline.dtype == DType::float32 ? sample_weight<float>(call, sample)
                                                                 : sample_weight<double>(call, sample);
    return sums;
  }

 private:
  std::string_view name_;
  std::unique_ptr<Loss> loss_;
  bool is_root_;
};

// e to the mean of what the right class' probability is below 1.
class Perplexity : public Metric {
 public:
  explicit Perplexity(Settings &settings)
      : from_logits_(settings.boolean("from_logits", true)), ignored_(read_ignored(settings)) {}
  std::string_view name() const override { return "perplexity"; }
  void ignore(int64_t number) override { ignored_ = ignored_.value_or(number); }
  double result() const override { return std::exp(Metric::result()); }

  void check(const ValueOutline &outputs, const ValueOutline &targets) const override {
    require_floating("metric perplexity", outputs);
    if (!are_class_numbers(outputs.shape, targets.shape))
      refuse_shapes("metric perplexity", outputs, targets,
                    "outputs (samples, classes, ...), and targets (samples, ...)");
  }
  DType target_dtype(const ValueOutline &, const ValueOutline &) const override { return DType::int64; }

 protected:
  void describe(Json::Object &settings) const override {
    settings.emplace_back("from_logits", from_logits_);
    describe_ignored(settings, ignored_);
  }
  Sums sums_of(const MetricCall &call) const override {
    return call.output_outline.dtype == DType::float32 ? sums_on<float>(call) : sums_on<double>(call);
  }

 private:
  template <typename Element>
  Sums sums_on(const MetricCall &call) const {
    const ClassLayout layout(call.output_outline.shape);
    const auto *numbers = elements<int64_t>(call.targets);
    require_class_numbers("metric perplexity", numbers, call.target_outline, layout, ignored_);
    const auto *outputs = elements<Element>(call.outputs);
    Sums sums;
    sums.sum = sum_of_pieces(
        layout.positions(), std::max<int64_t>(loss_grain / std::max<int64_t>(layout.classes, 1), 1), [&](Range range) {
          double sum = 0;
          for (int64_t position = range.begin; position < range.end; ++position)
            if (counts(numbers[position], ignored_))
              sum += sample_weight<Element>(call, position / layout.inner) *
                     surprise(outputs + layout.position_offset(position), layout, numbers[position]);
          return sum;
        });
    for (int64_t position = 0; position < layout.positions(); ++position)
      if (counts(numbers[position], ignored_)) sums.weight += sample_weight<Element>(call, position / layout.inner);
    return sums;
  }

  // -log of one class' probability.
  template <typename Element>
  double surprise(const Element *outputs, const ClassLayout &layout, int64_t number) const {
    const auto output = static_cast<double>(outputs[number * layout.inner]);
    if (!from_logits_) return -std::log(output);
    double highest = static_cast<double>(outputs[0]), sum = 0;
    for (int64_t each = 1; each < layout.classes; ++each)
      highest = std::max(highest, static_cast<double>(outputs[each * layout.inner]));
    for (int64_t each = 0; each < layout.classes; ++each)
      sum += std::exp(static_cast<double>(outputs[each * layout.inner]) - highest);
    return (highest - output) + std::log(sum);
  }

  bool from_logits_;
  Ignored ignored_;
};

double read_threshold(Settings &settings) { return settings.number("threshold", 0.5, -largest, largest); }

std::unique_ptr<Metric> make_accuracy(Settings &settings) {
  const double threshold = read_threshold(settings);
  return std::make_unique<ClassAccuracy>("accuracy", 0, threshold, read_ignored(settings));
}
std::unique_ptr<Metric> make_binary_accuracy(Settings &settings) {
  return std::make_unique<BinaryAccuracy>(read_threshold(settings));
}
std::unique_ptr<Metric> make_mae(Settings &) { return std::make_unique<LossMetric>("mae", "mae", false); }
std::unique_ptr<Metric> make_mse(Settings &) { return std::make_unique<LossMetric>("mse", "mse", false); }
std::unique_ptr<Metric> make_perplexity(Settings &settings) { return std::make_unique<Perplexity>(settings); }
std::unique_ptr<Metric> make_rmse(Settings &) { return std::make_unique<LossMetric>("rmse", "mse", true); }
std::unique_ptr<Metric> make_top_k_accuracy(Settings &settings) {
  const int64_t k = settings.integer("k", 5, 1, most_classes);
  return std::make_unique<ClassAccuracy>("top_k_accuracy", k, 0, read_ignored(settings));
}

struct MetricKind {
  std::string_view name;
  std::unique_ptr<Metric> (*make)(Settings &settings);
};

constexpr MetricKind kinds[] = {
    {"accuracy", make_accuracy},
    {"binary_accuracy", make_binary_accuracy},
    {"mae", make_mae},
    {"mse", make_mse},
    {"perplexity", make_perplexity},
    {"rmse", make_rmse},
    {"top_k_accuracy", make_top_k_accuracy},
};

}  // namespace

Json Metric::description() const {
  Json::Object description;
  description.emplace_back("name", name());
  describe(description);
  return Json(std::move(description));
}

void Metric::describe(Json::Object &) const {}

void Metric::ignore(int64_t) {}

void Metric::check(const ValueOutline &outputs, const ValueOutline &targets) const {
  const std::string who = text("metric ", name());
  require_floating(who, outputs);
  if (outputs.shape.empty() || !is_same_shape(outputs.shape, targets.shape))
    refuse_shapes(who, outputs, targets, "the same shape, samples first");
}

DType Metric::target_dtype(const ValueOutline &outputs, const ValueOutline &) const { return outputs.dtype; }

void Metric::accumulate(const MetricCall &call) {
  const Sums sums = sums_of(call);
  sum_ += sums.sum;
  weight_ += sums.weight;
}

std::unique_ptr<Metric> make_metric(const Json &description) {
  const MetricKind &kind = find_described(kinds, description, "metric");
  Settings settings = described_settings(description, text("metric ", kind.name));
  std::unique_ptr<Metric> metric = kind.make(settings);
  settings.finish();
  return metric;
}

std::span<const std::string_view> metric_names() {
  static const auto names = names_of(kinds);
  return names;
}

}  // namespace penstock::core::nn
