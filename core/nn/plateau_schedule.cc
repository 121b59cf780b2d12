#include "core/nn/plateau_schedule.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "core/base/error.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;
constexpr int64_t most_epochs = int64_t{1} << 53;

class PlateauSchedule : public Schedule {
 public:
  explicit PlateauSchedule(Settings &settings)
      : Schedule(Per::epoch),
        factor_(settings.number("factor", 0.1, 0, 1)),
        patience_(settings.integer("patience", 10, 0, most_epochs)),
        threshold_(settings.number("threshold", 1e-4, 0, largest)),
        is_relative_(choice(settings, "threshold_mode", "rel", "abs")),
        is_minimum_(choice(settings, "mode", "min", "max")),
        cooldown_(settings.integer("cooldown", 0, 0, most_epochs)),
        minimum_(settings.number("minimum", 0, 0, largest)) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    best_ = is_minimum_ ? infinity : -infinity;
    if (factor_ == 1) settings.refuse("factor", factor_, "a number from 0 to below 1");
  }

  std::string_view name() const override { return "reduce_on_plateau"; }

  double rate(double base, const TrainingPosition &) const override {
    double rate = base;
    for (int64_t reduction = 0; reduction < reductions_; ++reduction) {
      const double lower = std::max(rate * factor_, minimum_);
      if (rate - lower <= least_reduction) break;
      rate = lower;
    }
    return rate;
  }

  bool wants_metric() const override { return true; }

  void note(double metric) override {
    if (is_better(metric)) {
      best_ = metric;
      bad_epochs_ = 0;
    } else {
      ++bad_epochs_;
    }
    if (cooling_ > 0) {
      --cooling_;
      bad_epochs_ = 0;
    }
    if (bad_epochs_ > patience_) {
      ++reductions_;
      cooling_ = cooldown_;
      bad_epochs_ = 0;
    }
  }

  Json state() const override {
    Json::Object state;
    append(state, "best", text(best_));  // JSON's numbers know no infinity
    append(state, "bad_epochs", static_cast<uint64_t>(bad_epochs_));
    append(state, "cooling", static_cast<uint64_t>(cooling_));
    append(state, "reductions", static_cast<uint64_t>(reductions_));
    return state;
  }

  void restore(const Json &state) override {
    try {
      Settings saved(state, "schedule reduce_on_plateau, saved");
      const std::string best = saved.text("best", "");
      double number = 0;
      const auto read = std::from_chars(best.data(), best.data() + best.size(), number);
      if (read.ec != std::errc() || read.ptr != best.data() + best.size())
        saved.refuse("best", best, "a number's text");
      const int64_t bad_epochs = saved.required_integer("bad_epochs", 0, most_epochs);
      const int64_t cooling = saved.required_integer("cooling", 0, most_epochs);
      const int64_t reductions = saved.required_integer("reductions", 0, most_epochs);
      saved.finish();
      best_ = number;
      bad_epochs_ = bad_epochs;
      cooling_ = cooling;
      reductions_ = reductions;
    } catch (const Error &error) {
      throw Error(Status::data_error, error.sentence());
    }
  }

 private:
  static constexpr double least_reduction = 1e-8;  // as torch's: less is not worth it

  static bool choice(Settings &settings, std::string_view key, std::string_view first, std::string_view second) {
    const std::string given = settings.text(key, first);
    if (given != first && given != second) settings.refuse(key, given, text('"', first, "\" or \"", second, '"'));
    return given == first;
  }

  // Whether a metric is better than the best by more than the threshold; a NaN never is.
  bool is_better(double metric) const {
    if (is_minimum_) return metric < (is_relative_ ? best_ * (1 - threshold_) : best_ - threshold_);
    return metric > (is_relative_ ? best_ * (threshold_ + 1) : best_ + threshold_);
  }

  void describe(Json::Object &settings) const override {
    append(settings, "factor", factor_);
    append(settings, "patience", static_cast<uint64_t>(patience_));
    append(settings, "threshold", threshold_);
    append(settings, "threshold_mode", is_relative_ ? "rel" : "abs");
    append(settings, "mode", is_minimum_ ? "min" : "max");
    append(settings, "cooldown", static_cast<uint64_t>(cooldown_));
    append(settings, "minimum", minimum_);
  }

  double factor_;
  int64_t patience_;
  double threshold_;
  bool is_relative_, is_minimum_;
  int64_t cooldown_;
  double minimum_;

  double best_;
  int64_t bad_epochs_ = 0, cooling_ = 0, reductions_ = 0;
};

}  // namespace

std::unique_ptr<Schedule> make_plateau_schedule(Settings &settings) {
  return std::make_unique<PlateauSchedule>(settings);
}

}  // namespace penstock::core::nn
