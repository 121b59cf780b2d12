#include "core/nn/pair_losses.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/nn/kernels/loss_kernels.h"
#include "core/nn/loss_pieces.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;

int64_t samples_of(const LossCall &call) { return call.output_outline.shape[0]; }

template <typename Element>
double weight_of(const LossCall &call, int64_t sample) {
  return call.sample_weights == nullptr ? 1 : static_cast<double>(elements<Element>(call.sample_weights)[sample]);
}

class ElementLoss : public Loss {
 public:
  ElementLoss(std::string_view name, PairLoss kind, double setting = 0) : name_(name), kind_(kind), setting_(setting) {}

  std::string_view name() const override { return name_; }
  double compute(const LossCall &call) const override {
    return call.output_outline.dtype == DType::float32 ? compute_on<float>(call) : compute_on<double>(call);
  }

 private:
  template <typename Element>
  double compute_on(const LossCall &call) const {
    const int64_t count = call.output_outline.element_count(), samples = samples_of(call);
    if (count == 0) return NAN;
    const int64_t size = count / samples;  // of a sample
    const auto divisor = static_cast<double>(kind_ == PairLoss::kl_divergence ? samples : count);
    const auto kernel = loss_kernels<Element>().pair_losses[static_cast<size_t>(kind_)];
    const auto *outputs = elements<Element>(call.outputs), *targets = elements<Element>(call.targets);
    auto *gradients = elements<Element>(call.gradient);
    const auto sum_of = [&](int64_t begin, int64_t end, double weight) {
      return weight * kernel(outputs + begin, targets + begin, end - begin, static_cast<Element>(setting_),
                             gradients == nullptr ? nullptr : gradients + begin,
                             static_cast<Element>(weight / divisor));
    };
    return sum_of_pieces(count, loss_grain,
                         [&](Range range) {
                           if (call.sample_weights == nullptr) return sum_of(range.begin, range.end, 1);
                           double sum = 0;
                           for (int64_t begin = range.begin; begin < range.end;) {
                             const int64_t sample = begin / size, end = std::min((sample + 1) * size, range.end);
                             sum += sum_of(begin, end, weight_of<Element>(call, sample));
                             begin = end;
                           }
                           return sum;
                         }) /
           divisor;
  }
  void describe(Json::Object &settings) const override {
    if (kind_ == PairLoss::huber) append(settings, "delta", setting_);
    if (kind_ == PairLoss::binary_cross_entropy)
      append(settings, "pos_weight", setting_ == 1 ? Json() : Json(setting_));
  }

  std::string_view name_;
  PairLoss kind_;
  double setting_;
};

// 1 - the cosine between vectors along the last axis.
class CosineLoss : public Loss {
 public:
  std::string_view name() const override { return "cosine"; }
  double compute(const LossCall &call) const override {
    return call.output_outline.dtype == DType::float32 ? compute_on<float>(call) : compute_on<double>(call);
  }

 private:
  static constexpr double least_square = 1e-12;  // added to each length's square, as torch does

  template <typename Element>
  static double compute_on(const LossCall &call) {
    const Extents &shape = call.output_outline.shape;
    const int64_t count = call.output_outline.element_count(), size = shape[shape.size() - 1];
    if (count == 0) return NAN;
    const int64_t vectors = count / size, vectors_a_sample = std::max<int64_t>(vectors / samples_of(call), 1);
    const auto *outputs = elements<Element>(call.outputs), *targets = elements<Element>(call.targets);
    auto *gradients = elements<Element>(call.gradient);
    const int64_t grain = std::max<int64_t>(loss_grain / size, 1);
    const double sum = sum_of_pieces(vectors, grain, [&](Range range) {
      double losses = 0;
      for (int64_t vector = range.begin; vector < range.end; ++vector) {
        const double weight = weight_of<Element>(call, vector / vectors_a_sample);
        Element *gradient = gradients == nullptr ? nullptr : gradients + vector * size;
        losses += weight * loss_of(outputs + vector * size, targets + vector * size, size, gradient,
                                   weight / static_cast<double>(vectors));
      }
      return losses;
    });
    return sum / static_cast<double>(vectors);
  }

  template <typename Element>
  static double loss_of(const Element *output, const Element *target, int64_t size, Element *gradient, double scale) {
    double product = 0, output_square = least_square, target_square = least_square;
    for (int64_t index = 0; index < size; ++index) {
      const auto x = static_cast<double>(output[index]), y = static_cast<double>(target[index]);
      product += x * y;
      output_square += x * x;
      target_square += y * y;
    }
    const double lengths = std::sqrt(output_square) * std::sqrt(target_square), cosine = product / lengths;
    if (gradient != nullptr)
      for (int64_t index = 0; index < size; ++index)
        gradient[index] = static_cast<Element>(scale * (cosine / output_square * static_cast<double>(output[index]) -
                                                        static_cast<double>(target[index]) / lengths));
    return 1 - cosine;
  }
  void describe(Json::Object &) const override {}
};

}  // namespace

std::unique_ptr<Loss> make_binary_cross_entropy(Settings &settings) {
  return std::make_unique<ElementLoss>("binary_cross_entropy", PairLoss::binary_cross_entropy,
                                       settings.number("pos_weight", 1, 0, largest));
}

std::unique_ptr<Loss> make_cosine(Settings &) { return std::make_unique<CosineLoss>(); }

std::unique_ptr<Loss> make_hinge(Settings &) { return std::make_unique<ElementLoss>("hinge", PairLoss::hinge); }

std::unique_ptr<Loss> make_huber(Settings &settings) {
  const double delta = settings.number("delta", 1, 0, largest);
  if (delta == 0) settings.refuse("delta", delta, "a number above 0");
  return std::make_unique<ElementLoss>("huber", PairLoss::huber, delta);
}

std::unique_ptr<Loss> make_kl_divergence(Settings &) {
  return std::make_unique<ElementLoss>("kl_divergence", PairLoss::kl_divergence);
}

std::unique_ptr<Loss> make_mae(Settings &) { return std::make_unique<ElementLoss>("mae", PairLoss::mae); }

std::unique_ptr<Loss> make_mse(Settings &) { return std::make_unique<ElementLoss>("mse", PairLoss::mse); }

}  // namespace penstock::core::nn
