// A static plan: the operations of some layers for one batch shape, in order, and where in one piece of memory, the arena,
// each value, gradient and buffer lies while it is needed.
//
// A plan is made once for a shape; runs of it (PlanRun) compute on an arena each and allocate nothing.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/nn/layer.h"
#include "core/nn/operation.h"

namespace penstock::core::nn {

// A stretch of the arena, in bytes; or the memory outside that the caller gives.
struct PlanBuffer {
  enum class Place { nowhere, arena, input, input_gradient };
  Place place = Place::nowhere;
  int64_t offset = 0;  // of an input: its index
  int64_t nbytes = 0;
};

struct PlanStep {
  std::unique_ptr<Operation> operation;
  OperationNeeds needs;
  std::vector<int32_t> inputs;  // values
  int32_t output = 0;
  std::vector<int32_t> parameters;  // indices into Plan::parameters()
  std::vector<PlanBuffer> input_gradients;
  PlanBuffer kept;
};

struct PlanOptions {
  DType dtype = DType::float32;
  bool is_training = false;            // how the layers compute; implies has_backward
  bool has_backward = false;           // whether runs keep what PlanRun::backward() needs
  bool wants_input_gradients = false;  // of floating inputs, with has_backward
  // An operation of that name at the end is left out: what follows the network does its work.  Empty: none.
  std::string_view folded_end = {};
};

class Plan {
 public:
  using Trace = std::function<Value(Tracer &tracer, std::span<const Value> inputs)>;

  // trace adds the operations and gives the result.  Throws what it throws, and invalid_argument where a parameter is used
  // twice.
  Plan(std::span<const ValueOutline> inputs, const PlanOptions &options, const Trace &trace);
  ~Plan();
  Plan(const Plan &) = delete;
  Plan &operator=(const Plan &) = delete;

  std::span<const PlanStep> steps() const { return steps_; }
  std::span<const ValueOutline> values() const { return values_; }  // the inputs first
  int32_t input_count() const { return input_count_; }
  const ValueOutline &output() const { return values_[static_cast<size_t>(output_)]; }
  // In the order of their first use.
  std::span<const Parameter *const> parameters() const { return parameters_; }
  const PlanOptions &options() const { return options_; }
  // What was left out at the end, a function of output(); null where nothing was.
  Operation *folded() const { return folded_.get(); }
  int64_t arena_nbytes() const { return arena_nbytes_; }

  PlanBuffer value_buffer(int32_t value) const { return value_buffers_[static_cast<size_t>(value)]; }
  PlanBuffer gradient_buffer(int32_t value) const { return gradient_buffers_[static_cast<size_t>(value)]; }
  PlanBuffer output_buffer() const { return value_buffer(output_); }
  // Where the gradient of the output must be written between forward() and backward().
  PlanBuffer output_gradient_buffer() const { return gradient_buffer(output_); }
  PlanBuffer scratch_buffer() const { return scratch_; }

 private:
  class Recorder;
  class Layout;
  friend class PlanRun;

  void fold_end();

  PlanOptions options_;
  int32_t input_count_ = 0;
  int32_t output_ = 0;
  std::unique_ptr<Operation> folded_;
  std::vector<ValueOutline> values_;
  std::vector<PlanStep> steps_;
  std::vector<const Parameter *> parameters_;
  std::vector<PlanBuffer> value_buffers_, gradient_buffers_;
  PlanBuffer scratch_;
  int64_t arena_nbytes_ = 0;
};

// What a run works on.  All must live as long as the run.
struct PlanMemory {
  std::byte *arena = nullptr;  // of Plan::arena_nbytes(), aligned to 64 bytes
  std::vector<const std::byte *> inputs;
  std::vector<std::byte *> input_gradients;      // empty unless wanted
  std::vector<std::byte *> parameters;           // in the order of Plan::parameters()
  std::vector<std::byte *> parameter_gradients;  // likewise, with has_backward; null for those that are not trained
};

// One thread at a time, and one run of a plan at a time.
class PlanRun {
 public:
  PlanRun(Plan &plan, const PlanMemory &memory);
  ~PlanRun();
  PlanRun(const PlanRun &) = delete;
  PlanRun &operator=(const PlanRun &) = delete;

  const std::byte *output() const { return output_; }
  std::byte *output_gradient() const { return output_gradient_; }

  // Goes on with other memory; the times that profiling took stay.
  void bind(const PlanMemory &memory);
  // The inputs' memory may be another one in each step.
  void set_input(int32_t index, const std::byte *memory);

  // Operation number i draws from fold_in(random, i).
  void forward(RandomStream random);
  // Only with PlanOptions::has_backward.  Writes all gradients, and may overwrite the output's.
  void backward();

  // Seconds that each step has taken since profiling began, forward and backward.
  struct StepTime {
    double forward = 0, backward = 0;
  };
  void set_profiling(bool profiling);
  std::span<const StepTime> times() const { return times_; }

 private:
  struct BoundStep;

  Plan &plan_;
  std::vector<BoundStep> steps_;
  const std::byte *output_ = nullptr;
  std::byte *output_gradient_ = nullptr;
  bool is_profiling_ = false;
  std::vector<StepTime> times_;
};

}  // namespace penstock::core::nn
