#include "core/nn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/nn/described.h"
#include "core/nn/plateau_schedule.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;
constexpr int64_t most_steps = int64_t{1} << 53;  // doubles count so far

Schedule::Per read_per(Settings &settings, Schedule::Per fallback) {
  const std::string per = settings.text("per", fallback == Schedule::Per::epoch ? "epoch" : "step");
  if (per != "epoch" && per != "step") settings.refuse("per", per, "\"epoch\" or \"step\"");
  return per == "epoch" ? Schedule::Per::epoch : Schedule::Per::step;
}

double required_number(Settings &settings, std::string_view key, double least, double most) {
  if (settings.value(key) == nullptr) settings.refuse(key, Json(), text("a number from ", least, " to ", most));
  return settings.number(key, least, least, most);
}

class ConstantSchedule : public Schedule {
 public:
  explicit ConstantSchedule(Settings &settings) : Schedule(read_per(settings, Per::epoch)) {}
  std::string_view name() const override { return "constant"; }
  double rate(double base, const TrainingPosition &) const override { return base; }

 private:
  void describe(Json::Object &) const override {}
};

class StepSchedule : public Schedule {
 public:
  explicit StepSchedule(Settings &settings)
      : Schedule(read_per(settings, Per::epoch)),
        step_size_(settings.required_integer("step_size", 1, most_steps)),
        gamma_(settings.number("gamma", 0.1, 0, largest)) {}
  std::string_view name() const override { return "step"; }
  double rate(double base, const TrainingPosition &position) const override {
    const int64_t reductions = place(position) / step_size_;
    return base * std::pow(gamma_, static_cast<double>(reductions));
  }

 private:
  void describe(Json::Object &settings) const override {
    append(settings, "step_size", static_cast<uint64_t>(step_size_));
    append(settings, "gamma", gamma_);
  }

  int64_t step_size_;
  double gamma_;
};

class MultistepSchedule : public Schedule {
 public:
  explicit MultistepSchedule(Settings &settings)
      : Schedule(read_per(settings, Per::epoch)), gamma_(settings.number("gamma", 0.1, 0, largest)) {
    constexpr std::string_view expected = "a list of whole numbers from 0 on";
    const Json *given = settings.value("milestones");
    if (given == nullptr) settings.refuse("milestones", Json(), expected);
    const Json::Array *list = given->if_array();
    if (list == nullptr) settings.refuse("milestones", *given, expected);
    for (const Json &each : *list) {
      const uint64_t *number = each.if_unsigned();
      const int64_t *signed_number = each.if_signed();
      const int64_t milestone = number != nullptr && *number <= static_cast<uint64_t>(most_steps)
                                    ? static_cast<int64_t>(*number)
                                : signed_number != nullptr ? *signed_number
                                                           : -1;
      if (milestone < 0 || milestone > most_steps) settings.refuse("milestones", *given, expected);
      milestones_.push_back(milestone);
    }
    std::sort(milestones_.begin(), milestones_.end());
  }
  std::string_view name() const override { return "multistep"; }
  double rate(double base, const TrainingPosition &position) const override {
    const auto passed = std::upper_bound(milestones_.begin(), milestones_.end(), place(position));
    return base * std::pow(gamma_, static_cast<double>(passed - milestones_.begin()));
  }

 private:
  void describe(Json::Object &settings) const override {
    Json::Array list;
    for (const int64_t each : milestones_) list.emplace_back(static_cast<uint64_t>(each));
    append(settings, "milestones", std::move(list));
    append(settings, "gamma", gamma_);
  }

  std::vector<int64_t> milestones_;
  double gamma_;
};

class ExponentialSchedule : public Schedule {
 public:
  explicit ExponentialSchedule(Settings &settings)
      : Schedule(read_per(settings, Per::epoch)), gamma_(required_number(settings, "gamma", 0, largest)) {}
  std::string_view name() const override { return "exponential"; }
  double rate(double base, const TrainingPosition &position) const override {
    return base * std::pow(gamma_, static_cast<double>(place(position)));
  }

 private:
  void describe(Json::Object &settings) const override { append(settings, "gamma", gamma_); }

  double gamma_;
};

class CosineSchedule : public Schedule {
 public:
  explicit CosineSchedule(Settings &settings)
      : Schedule(read_per(settings, Per::epoch)),
        steps_(settings.required_integer("steps", 1, most_steps)),
        minimum_(settings.number("minimum", 0, 0, largest)) {}
  std::string_view name() const override { return "cosine"; }
  double rate(double base, const TrainingPosition &position) const override {
    const double turn = std::numbers::pi * static_cast<double>(place(position)) / static_cast<double>(steps_);
    return minimum_ + (base - minimum_) * (1 + std::cos(turn)) / 2;
  }

 private:
  void describe(Json::Object &settings) const override {
    append(settings, "steps", static_cast<uint64_t>(steps_));
    append(settings, "minimum", minimum_);
  }

  int64_t steps_;
  double minimum_;
};

class OneCycleSchedule : public Schedule {
 public:
  explicit OneCycleSchedule(Settings &settings)
      : Schedule(read_per(settings, Per::step)),
        maximum_(required_number(settings, "maximum", 0, largest)),
        total_steps_(settings.required_integer("total_steps", 1, most_steps)),
        start_fraction_(settings.number("start_fraction", 0.3, 0, 1)),
        div_factor_(settings.number("div_factor", 25, 1e-30, largest)),
        final_div_factor_(settings.number("final_div_factor", 1e4, 1e-30, largest)) {}
  std::string_view name() const override { return "one_cycle"; }
  double rate(double, const TrainingPosition &position) const override {
    const double start = maximum_ / div_factor_, finish = start / final_div_factor_;
    const double last = static_cast<double>(total_steps_ - 1);
    const double turn = start_fraction_ * static_cast<double>(total_steps_) - 1;
    const double now = std::min(static_cast<double>(place(position)), last);
    if (now <= turn) return between(start, maximum_, turn > 0 ? now / turn : 1);
    return between(maximum_, finish, last > turn ? (now - turn) / (last - turn) : 1);
  }

 private:
  static double between(double from, double to, double share) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
  }
  void describe(Json::Object &settings) const override {
    append(settings, "maximum", maximum_);
    append(settings, "total_steps", static_cast<uint64_t>(total_steps_));
    append(settings, "start_fraction", start_fraction_);
    append(settings, "div_factor", div_factor_);
    append(settings, "final_div_factor", final_div_factor_);
  }

  double maximum_;
  int64_t total_steps_;
  double start_fraction_, div_factor_, final_div_factor_;
};

class WarmUpSchedule : public Schedule {
 public:
  explicit WarmUpSchedule(Settings &settings)
      : Schedule(read_per(settings, Per::step)),
        steps_(settings.required_integer("steps", 1, most_steps)),
        start_factor_(settings.number("start_factor", 1.0 / 3, 0, 1)) {
    const Json *then = settings.value("then");
    then_ = make_schedule(then == nullptr ? Json() : *then);
    if (per() == Per::epoch && then_->per() == Per::step)
      settings.refuse("then", *then, "a schedule per epoch: how many steps the warm-up's epochs have is not known");
  }
  std::string_view name() const override { return "warm_up"; }
  double rate(double base, const TrainingPosition &position) const override {
    const int64_t done = place(position);
    if (done < steps_) {
      const double share = static_cast<double>(done) / static_cast<double>(steps_);
      return base * (start_factor_ + (1 - start_factor_) * share);
    }
    TrainingPosition behind = position;
    (per() == Per::epoch ? behind.epoch : behind.step) -= steps_;
    return then_->rate(base, behind);
  }
  bool wants_metric() const override { return then_->wants_metric(); }
  void note(double metric) override { then_->note(metric); }
  Json state() const override { return then_->state(); }
  void restore(const Json &state) override { then_->restore(state); }

 private:
  void describe(Json::Object &settings) const override {
    append(settings, "steps", static_cast<uint64_t>(steps_));
    append(settings, "start_factor", start_factor_);
    append(settings, "then", then_->description());
  }

  int64_t steps_;
  double start_factor_;
  std::unique_ptr<Schedule> then_;
};

struct ScheduleKind {
  std::string_view name;
  std::unique_ptr<Schedule> (*make)(Settings &settings);
};

template <typename Kind>
std::unique_ptr<Schedule> make(Settings &settings) {
  return std::make_unique<Kind>(settings);
}

constexpr ScheduleKind kinds[] = {
    {"constant", make<ConstantSchedule>},
    {"cosine", make<CosineSchedule>},
    {"exponential", make<ExponentialSchedule>},
    {"multistep", make<MultistepSchedule>},
    {"one_cycle", make<OneCycleSchedule>},
    {"reduce_on_plateau", make_plateau_schedule},
    {"step", make<StepSchedule>},
    {"warm_up", make<WarmUpSchedule>},
};

}  // namespace

Json Schedule::description() const {
  Json::Object description;
  append(description, "name", name());
  describe(description);
  if (!wants_metric() || name() == "warm_up") append(description, "per", per_ == Per::epoch ? "epoch" : "step");
  return description;
}

void Schedule::restore(const Json &state) {
  if (!state.is_null())
    fail(Status::data_error, "schedule ", name(), ": the state is ", state.dump(), ": expected none");
}

std::unique_ptr<Schedule> make_schedule(const Json &description) {
  if (description.is_null()) return make_schedule(Json("constant"));
  const ScheduleKind &kind = find_described(kinds, description, "schedule");
  Settings settings = described_settings(description, text("schedule ", kind.name));
  std::unique_ptr<Schedule> schedule = kind.make(settings);
  settings.finish();
  return schedule;
}

std::span<const std::string_view> schedule_names() {
  static const auto names = names_of(kinds);
  return names;
}

}  // namespace penstock::core::nn
