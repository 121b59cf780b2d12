#include "core/nn/plan.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "core/base/error.h"
#include "core/base/random_key.h"
#include "core/base/thread_pool.h"
#include "core/nn/plan_layout.h"

namespace penstock::core::nn {

// Gathers the operations that layers add.
class Plan::Recorder : public Tracer {
 public:
  explicit Recorder(Plan &plan) : plan_(plan) {}
  virtual ~Recorder() = default;

  DType dtype() const override { return plan_.options_.dtype; }
  bool is_training() const override { return plan_.options_.is_training; }
  bool has_backward() const override { return plan_.options_.has_backward; }
  std::string_view apart() const override { return plan_.options_.folded_end; }

  Value add(std::unique_ptr<Operation> operation, std::span<const Value> inputs,
            std::span<const Parameter *const> parameters) override {
    PlanStep step;
    step.needs = operation->needs();
    step.operation = std::move(operation);
    for (const Value &input : inputs) step.inputs.push_back(input.number);
    for (const Parameter *parameter : parameters) step.parameters.push_back(number_of(parameter));
    const auto number = static_cast<int32_t>(plan_.values_.size());
    step.output = number;
    plan_.values_.push_back(step.operation->output());
    plan_.steps_.push_back(std::move(step));
    return {number, plan_.values_.back()};
  }

 private:
  int32_t number_of(const Parameter *parameter) {
    if (!known_.insert(parameter).second)
      fail(Status::invalid_argument, "the parameter ", parameter->name,
           " is used twice: a layer may stand in a network once");
    plan_.parameters_.push_back(parameter);
    return static_cast<int32_t>(plan_.parameters_.size()) - 1;
  }

  Plan &plan_;
  std::unordered_set<const Parameter *> known_;
};

// Finds out how long each buffer is needed, and places them.  Step number i runs forward at time i; the gradient of the
// output is written at time n, with n steps, and step i runs backward at time 2 n - i.
class Plan::Layout {
 public:
  explicit Layout(Plan &plan) : plan_(plan), count_(static_cast<int32_t>(plan.steps_.size())) {}

  void make() {
    find_consumers();
    share_values();
    place_values();
    if (has_backward()) {
      place_kept();
      find_wanted_gradients();
      place_gradients();
    }
    place_scratch();
    plan_.arena_nbytes_ = place_buffers(buffers_);
    for (size_t index = 0; index < buffers_.size(); ++index) targets_[index]->offset = buffers_[index].offset;
    for (const auto &[alias, original] : aliases_) *alias = *original;
  }

 private:
  static size_t at(int32_t number) { return static_cast<size_t>(number); }
  int32_t backward_time(int32_t step) const { return 2 * count_ - step; }
  bool has_backward() const { return plan_.options_.has_backward; }

  // Every result but the last must be read: else its gradient would be asked for and never given.
  void find_consumers() {
    consumers_.resize(plan_.values_.size());
    producer_.assign(plan_.values_.size(), -1);
    for (int32_t step = 0; step < count_; ++step) {
      producer_[at(plan_.steps_[at(step)].output)] = step;
      for (const int32_t input : plan_.steps_[at(step)].inputs) consumers_[at(input)].push_back(step);
    }
    for (const PlanStep &step : plan_.steps_)
      if (step.output != plan_.output_ && consumers_[at(step.output)].empty())
        fail(Status::invalid_argument, "the result of ", step.operation->name(), " is used by no other operation");
  }

  // The last time at which the value's elements are read.
  int32_t last_read(int32_t value) const {
    int32_t last = value == plan_.output_ ? count_ : 0;
    const int32_t producer = producer_[at(value)];
    if (producer >= 0) {
      last = std::max(last, producer);
      if (has_backward() && plan_.steps_[at(producer)].needs.backward_reads_output)
        last = std::max(last, backward_time(producer));
    }
    for (const int32_t step : consumers_[at(value)]) {
      last = std::max(last, step);
      if (has_backward() && plan_.steps_[at(step)].needs.backward_reads_inputs)
        last = std::max(last, backward_time(step));
    }
    return last;
  }

  // Steps that may write over their input do so where nobody reads it any more.
  void share_values() {
    root_.resize(plan_.values_.size());
    for (int32_t value = 0; value < static_cast<int32_t>(plan_.values_.size()); ++value) root_[at(value)] = value;
    for (int32_t step = 0; step < count_; ++step) {
      const PlanStep &each = plan_.steps_[at(step)];
      if (!each.needs.may_run_in_place || each.inputs.size() != 1) continue;
      const int32_t input = each.inputs[0];
      const bool is_free = producer_[at(input)] >= 0 && consumers_[at(input)].size() == 1 && input != plan_.output_ &&
                           last_read(input) == step &&
                           plan_.values_[at(input)].nbytes() == plan_.values_[at(each.output)].nbytes();
      if (is_free) root_[at(each.output)] = root_[at(input)];
    }
  }

  void add(PlanBuffer &target, int64_t nbytes, int32_t first, int32_t last) {
    target = {PlanBuffer::Place::arena, 0, nbytes};
    buffers_.push_back({nbytes, first, last, 0});
    targets_.push_back(&target);
  }

  void place_values() {
    plan_.value_buffers_.resize(plan_.values_.size());
    for (int32_t value = 0; value < static_cast<int32_t>(plan_.values_.size()); ++value) {
      PlanBuffer &buffer = plan_.value_buffers_[at(value)];
      if (value < plan_.input_count_) {
        buffer = {PlanBuffer::Place::input, value, plan_.values_[at(value)].nbytes()};
      } else if (root_[at(value)] != value) {
        aliases_.emplace_back(&buffer, &plan_.value_buffers_[at(root_[at(value)])]);
      } else {
        int32_t last = last_read(value);
        for (int32_t other = value + 1; other < static_cast<int32_t>(plan_.values_.size()); ++other)
          if (root_[at(other)] == value) last = std::max(last, last_read(other));
        add(buffer, plan_.values_[at(value)].nbytes(), producer_[at(value)], last);
      }
    }
  }

  void place_kept() {
    for (int32_t step = 0; step < count_; ++step) {
      PlanStep &each = plan_.steps_[at(step)];
      if (each.needs.kept_nbytes > 0) add(each.kept, each.needs.kept_nbytes, step, backward_time(step));
    }
  }

  // A gradient is wanted where a trained parameter, or an input whose gradient is asked for, lies behind it.
  void find_wanted_gradients() {
    is_wanted_.assign(plan_.values_.size(), false);
    for (int32_t input = 0; input < plan_.input_count_; ++input)
      is_wanted_[at(input)] =
          plan_.options_.wants_input_gradients && dtype_kind(plan_.values_[at(input)].dtype) == DTypeKind::floating;
    for (const PlanStep &step : plan_.steps_) {
      bool wanted = false;
      for (const int32_t parameter : step.parameters) wanted |= plan_.parameters_[at(parameter)]->is_trained;
      for (const int32_t input : step.inputs) wanted |= is_wanted_[at(input)];
      is_wanted_[at(step.output)] = wanted;
    }
  }

  // The step whose backward() is the first to give the value a gradient; the output's is there before all.
  int32_t first_giver(int32_t value) const {
    return *std::max_element(consumers_[at(value)].begin(), consumers_[at(value)].end());
  }

  bool shares_gradient(const PlanStep &step) const {
    return step.needs.may_run_in_place && step.inputs.size() == 1 && step.inputs[0] >= plan_.input_count_ &&
           consumers_[at(step.inputs[0])].size() == 1 && step.inputs[0] != plan_.output_ &&
           plan_.values_[at(step.inputs[0])].nbytes() == plan_.values_[at(step.output)].nbytes();
  }

  void place_gradients() {
    plan_.gradient_buffers_.resize(plan_.values_.size());
    std::vector<int32_t> gradient_root(plan_.values_.size());
    for (size_t value = 0; value < gradient_root.size(); ++value) gradient_root[value] = static_cast<int32_t>(value);
    for (int32_t step = count_ - 1; step >= 0; --step) {
      const PlanStep &each = plan_.steps_[at(step)];
      if (shares_gradient(each)) gradient_root[at(each.inputs[0])] = gradient_root[at(each.output)];
    }
    for (int32_t value = 0; value < static_cast<int32_t>(plan_.values_.size()); ++value) {
      PlanBuffer &buffer = plan_.gradient_buffers_[at(value)];
      const bool is_used = is_wanted_[at(value)] && (value == plan_.output_ || !consumers_[at(value)].empty());
      if (!is_used) continue;
      if (value < plan_.input_count_) {
        buffer = {PlanBuffer::Place::input_gradient, value, plan_.values_[at(value)].nbytes()};
      } else if (gradient_root[at(value)] != value) {
        aliases_.emplace_back(&buffer, &plan_.gradient_buffers_[at(gradient_root[at(value)])]);
      } else {
        int32_t last = backward_time(producer_[at(value)]);
        for (int32_t other = 0; other < value; ++other)
          if (gradient_root[at(other)] == value) last = std::max(last, backward_time(producer_[at(other)]));
        const int32_t first = value == plan_.output_ ? count_ : backward_time(first_giver(value));
        add(buffer, plan_.values_[at(value)].nbytes(), first, last);
      }
    }
    place_further_gradients();
  }

  // The first step to give a value a gradient writes it where it belongs, the others write theirs apart, to be added.
  void place_further_gradients() {
    for (int32_t step = 0; step < count_; ++step)
      plan_.steps_[at(step)].input_gradients.resize(plan_.steps_[at(step)].inputs.size());
    std::vector<bool> is_given(plan_.values_.size(), false);
    is_given[at(plan_.output_)] = true;
    for (int32_t step = count_ - 1; step >= 0; --step) {
      PlanStep &each = plan_.steps_[at(step)];
      for (size_t index = 0; index < each.inputs.size(); ++index) {
        const int32_t input = each.inputs[index];
        if (!is_wanted_[at(input)]) continue;
        PlanBuffer &target = each.input_gradients[index];
        if (is_given[at(input)])
          add(target, plan_.values_[at(input)].nbytes(), backward_time(step), backward_time(step));
        else
          aliases_.emplace_back(&target, &plan_.gradient_buffers_[at(input)]);
        is_given[at(input)] = true;
      }
    }
  }

  void place_scratch() {
    int64_t most = 0;
    for (const PlanStep &step : plan_.steps_) most = std::max(most, step.needs.scratch_nbytes);
    if (most > 0) add(plan_.scratch_, most, 0, 2 * count_);
  }

  Plan &plan_;
  int32_t count_;
  std::vector<std::vector<int32_t>> consumers_;  // of each value: steps, a step twice where it reads the value twice
  std::vector<int32_t> producer_;
  std::vector<int32_t> root_;  // the value in whose memory each lies
  std::vector<bool> is_wanted_;
  std::vector<PlacedBuffer> buffers_;
  std::vector<PlanBuffer *> targets_;
  std::vector<std::pair<PlanBuffer *, const PlanBuffer *>> aliases_;  // in the order in which they may be followed
};

Plan::Plan(std::span<const ValueOutline> inputs, const PlanOptions &options, const Trace &trace)
    : options_(options), input_count_(static_cast<int32_t>(inputs.size())), values_(inputs.begin(), inputs.end()) {
  options_.has_backward |= options.is_training;
  std::vector<Value> values;
  for (const ValueOutline &outline : inputs) values.push_back({static_cast<int32_t>(values.size()), outline});
  Recorder recorder(*this);
  output_ = trace(recorder, values).number;
  if (output_ < input_count_) fail(Status::invalid_argument, "the network has no operation: add a layer that computes");
  if (!options.folded_end.empty()) fold_end();
  Layout(*this).make();
}

void Plan::fold_end() {
  const PlanStep &last = steps_.back();
  const bool is_apart = last.output == output_ && last.inputs.size() == 1 && last.parameters.empty() &&
                        last.inputs[0] >= input_count_ && last.operation->name() == options_.folded_end;
  if (!is_apart) return;
  output_ = last.inputs[0];
  folded_ = std::move(steps_.back().operation);
  steps_.pop_back();
  values_.pop_back();
}

Plan::~Plan() = default;

// ---------------------------------------------------------------------------------------------------------------------
// Runs.

struct PlanRun::BoundStep {
  Operation *operation = nullptr;
  std::vector<const std::byte *> inputs;
  std::byte *output = nullptr;
  std::byte *output_gradient = nullptr;  // null: nothing to do on the way back
  std::vector<std::byte *> input_gradients;
  // Where a gradient was written apart: what it is to be added to, else null.
  std::vector<std::byte *> added_to;
  std::vector<int64_t> added_count;
  std::vector<std::byte *> parameters, parameter_gradients;
  std::vector<const std::byte *> constant_parameters;
  std::byte *kept = nullptr;
  std::byte *scratch = nullptr;
};

namespace {

template <typename Element>
void add_elements(std::byte *to, const std::byte *from, int64_t count) {
  auto *sums = elements<Element>(to);
  const auto *numbers = elements<Element>(from);
  parallel_for(count, int64_t{1} << 15, [&](Range range) {
    for (int64_t index = range.begin; index < range.end; ++index) sums[index] += numbers[index];
  });
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

PlanRun::PlanRun(Plan &plan, const PlanMemory &memory) : plan_(plan) { bind(memory); }

void PlanRun::bind(const PlanMemory &memory) {
  const Plan &plan = plan_;
  const auto locate = [&](const PlanBuffer &buffer) -> std::byte * {
    switch (buffer.place) {
      case PlanBuffer::Place::nowhere: return nullptr;
      case PlanBuffer::Place::arena: return memory.arena + buffer.offset;
      case PlanBuffer::Place::input_gradient: return memory.input_gradients[static_cast<size_t>(buffer.offset)];
      case PlanBuffer::Place::input: break;
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): only ever read
    return const_cast<std::byte *>(memory.inputs[static_cast<size_t>(buffer.offset)]);
  };
  std::vector<BoundStep> steps;
  for (const PlanStep &step : plan.steps_) {
    BoundStep bound;
    bound.operation = step.operation.get();
    for (const int32_t input : step.inputs) bound.inputs.push_back(locate(plan.value_buffer(input)));
    bound.output = locate(plan.value_buffer(step.output));
    for (const int32_t parameter : step.parameters) {
      const auto index = static_cast<size_t>(parameter);
      bound.parameters.push_back(memory.parameters[index]);
      bound.constant_parameters.push_back(memory.parameters[index]);
      if (plan.options_.has_backward) bound.parameter_gradients.push_back(memory.parameter_gradients[index]);
    }
    bound.scratch = locate(plan.scratch_);
    if (plan.options_.has_backward) {
      bound.kept = locate(step.kept);
      bound.output_gradient = locate(plan.gradient_buffer(step.output));
      for (size_t index = 0; index < step.inputs.size(); ++index) {
        std::byte *const own = locate(plan.gradient_buffer(step.inputs[index]));
        bound.input_gradients.push_back(locate(step.input_gradients[index]));
        const bool is_apart = bound.input_gradients.back() != own;
        bound.added_to.push_back(is_apart ? own : nullptr);
        bound.added_count.push_back(plan.values_[static_cast<size_t>(step.inputs[index])].element_count());
      }
    }
    steps.push_back(std::move(bound));
  }
  steps_ = std::move(steps);
  output_ = locate(plan.output_buffer());
  if (plan.options_.has_backward) output_gradient_ = locate(plan.output_gradient_buffer());
}

PlanRun::~PlanRun() = default;

void PlanRun::set_input(int32_t index, const std::byte *memory) {
  for (size_t step = 0; step < steps_.size(); ++step)
    for (size_t each = 0; each < steps_[step].inputs.size(); ++each)
      if (plan_.steps_[step].inputs[each] == index) steps_[step].inputs[each] = memory;
}

void PlanRun::set_profiling(bool profiling) {
  is_profiling_ = profiling;
  if (profiling) times_.assign(steps_.size(), {});
}

void PlanRun::forward(RandomStream random) {
  for (size_t index = 0; index < steps_.size(); ++index) {
    BoundStep &step = steps_[index];
    const auto begin = is_profiling_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
    step.operation->forward({.inputs = step.inputs,
                             .output = step.output,
                             .parameters = step.parameters,
                             .kept = step.kept,
                             .scratch = step.scratch,
                             .is_training = plan_.options_.is_training,
                             .random = fold_in(random, index)});
    if (is_profiling_) times_[index].forward += seconds_since(begin);
  }
}

void PlanRun::backward() {
  for (size_t index = steps_.size(); index-- > 0;) {
    BoundStep &step = steps_[index];
    if (step.output_gradient == nullptr) continue;
    const auto begin = is_profiling_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
    step.operation->backward({.inputs = step.inputs,
                              .output = step.output,
                              .output_gradient = step.output_gradient,
                              .input_gradients = step.input_gradients,
                              .parameters = step.constant_parameters,
                              .parameter_gradients = step.parameter_gradients,
                              .kept = step.kept,
                              .scratch = step.scratch});
    for (size_t each = 0; each < step.added_to.size(); ++each) {
      if (step.added_to[each] == nullptr) continue;
      if (plan_.options_.dtype == DType::float64)
        add_elements<double>(step.added_to[each], step.input_gradients[each], step.added_count[each]);
      else
        add_elements<float>(step.added_to[each], step.input_gradients[each], step.added_count[each]);
    }
    if (is_profiling_) times_[index].backward += seconds_since(begin);
  }
}

}  // namespace penstock::core::nn
