// A model's plan, described for people.
#include "core/base/error.h"
#include "core/nn/model.h"
#include "core/nn/model_plans.h"

namespace penstock::core::nn {
namespace {

Json shape_of(const ValueOutline &outline) { return Json::Array(outline.shape.begin(), outline.shape.end()); }

Json describe_step(const Plan &plan, const PlanStep &step, const PlanRun::StepTime *time) {
  Json::Object description;
  append(description, "name", step.operation->name());
  Json::Array inputs;
  int64_t nbytes = plan.values()[static_cast<size_t>(step.output)].nbytes();
  for (const int32_t input : step.inputs) {
    inputs.push_back(shape_of(plan.values()[static_cast<size_t>(input)]));
    nbytes += plan.values()[static_cast<size_t>(input)].nbytes();
  }
  int64_t parameters = 0;
  for (const int32_t parameter : step.parameters) {
    const Tensor &value = plan.parameters()[static_cast<size_t>(parameter)]->value;
    parameters += value.element_count();
    nbytes += value.nbytes();
  }
  append(description, "inputs", std::move(inputs));
  append(description, "output", shape_of(plan.values()[static_cast<size_t>(step.output)]));
  append(description, "parameters", parameters);
  const bool is_training = plan.options().is_training;
  append(description, "flops", step.needs.forward_flops + (is_training ? step.needs.backward_flops : 0));
  append(description, "nbytes", nbytes);
  append(description, "seconds", time == nullptr ? Json() : Json(time->forward + time->backward));
  return description;
}

}  // namespace

Json Model::describe_plan(bool is_training, const Extents &batch_shape) {
  if (is_training) require_compiled();
  require_layers();
  if (batch_shape.size() == 0 || batch_shape[0] < 1)
    fail(Status::invalid_argument, "the batch has shape ", batch_shape, ": expected one sample at least");
  checked_element_count(batch_shape, dtype_);
  const Prepared &made =
      prepared(is_training ? Purpose::training : Purpose::predicting, {batch_shape, input_dtype(last_input_dtype_)});
  Json::Array steps;
  const std::span<const PlanRun::StepTime> times = made.run->times();
  for (size_t index = 0; index < made.plan->steps().size(); ++index)
    steps.push_back(describe_step(*made.plan, made.plan->steps()[index], times.empty() ? nullptr : &times[index]));
  Json::Object description;
  append(description, "arena_nbytes", made.plan->arena_nbytes());
  append(description, "parameters_nbytes", store_->trained().nbytes());
  append(description, "steps", std::move(steps));
  return description;
}

}  // namespace penstock::core::nn
