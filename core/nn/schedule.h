// How a learning rate changes while a model is trained.  The numbers are those of torch.optim.lr_scheduler's closed forms.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/io/json.h"

namespace penstock::core::nn {

// How many epochs and steps have been completed: both 0 in the first step.
struct TrainingPosition {
  int64_t epoch = 0;
  int64_t step = 0;  // from the beginning of the training, not of the epoch
};

// Threads: rate() any number at once; note() and restore() none beside them.
class Schedule {
 public:
  // What its position counts.
  enum class Per { epoch, step };

  virtual ~Schedule() = default;
  Schedule(const Schedule &) = delete;
  Schedule &operator=(const Schedule &) = delete;

  virtual std::string_view name() const = 0;
  // All that make_schedule() takes, defaults included.
  Json description() const;
  Per per() const { return per_; }

  // The learning rate at a position, for one that begins with base.  The same whatever was asked before, but for
  // "reduce_on_plateau", whose rate depends on what was noted alone.
  virtual double rate(double base, const TrainingPosition &position) const = 0;

  // Whether note() wants a metric, once at the end of each epoch.
  virtual bool wants_metric() const { return false; }
  virtual void note(double metric) { static_cast<void>(metric); }

  // What note() has changed: null where that is nothing.  restore() takes what state() gave; throws data_error for others.
  virtual Json state() const { return {}; }
  virtual void restore(const Json &state);

 protected:
  explicit Schedule(Per per) : per_(per) {}
  int64_t place(const TrainingPosition &position) const { return per_ == Per::epoch ? position.epoch : position.step; }
  virtual void describe(Json::Object &settings) const = 0;

 private:
  Per per_;
};

// From a name, or an object with "name" and settings; null is "constant".
//
//   constant
//   step               step_size, gamma 0.1
//   multistep          milestones, gamma 0.1
//   exponential        gamma
//   cosine             steps (half a period: the rate rises again behind it, as torch's), minimum 0
//   one_cycle          maximum, total_steps, start_fraction 0.3, div_factor 25, final_div_factor 10000: whatever the base;
//                      behind total_steps it stays where it is
//   warm_up            steps, start_factor 1/3, then: another schedule, which begins when the warm-up is over (null:
//                      constant)
//   reduce_on_plateau  factor 0.1, patience 10, threshold 0.0001, threshold_mode "rel" or "abs", mode "min" or "max",
//                      cooldown 0, minimum 0
//
// and for all but reduce_on_plateau, "per": "epoch" or "step"; what one_cycle and warm_up count is steps unless it is given,
// what others count epochs.  Behind a warm-up that counts steps, a schedule that counts epochs counts those of the training.
//
// Throws invalid_argument, naming schedule and setting, for what it does not know and for numbers beyond their limits.
std::unique_ptr<Schedule> make_schedule(const Json &description);
std::span<const std::string_view> schedule_names();

}  // namespace penstock::core::nn
