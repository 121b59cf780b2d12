#include "core/nn/layer_call.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/nn/plan.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"

namespace penstock::core::nn {
namespace {

void append_parameters(std::vector<Parameter *> &list, Layer &layer) {
  for (Parameter &parameter : layer.parameters()) list.push_back(&parameter);
  for (const std::shared_ptr<Layer> &inside : layer.layers_inside()) append_parameters(list, *inside);
}

// A plan for one call, with memory of its own, and everything it reads.
struct Call {
  std::shared_ptr<Layer> layer;
  std::unique_ptr<Plan> plan;
  std::vector<Tensor> inputs, parameters;  // parameters in the plan's order
  std::vector<size_t> parameter_places;    // in the order of all_parameters()
  Reference<Storage> arena;
  std::vector<uint64_t> versions;  // of the parameters' storages when they were read

  PlanMemory memory() const {
    PlanMemory memory;
    memory.arena = arena->data();
    for (const Tensor &input : inputs) memory.inputs.push_back(input.data);
    for (const Tensor &parameter : parameters) memory.parameters.push_back(parameter.data);
    memory.input_gradients.resize(inputs.size());
    memory.parameter_gradients.resize(parameters.size());
    return memory;
  }
};

class LayerNode : public autograd::Node {
 public:
  LayerNode(std::unique_ptr<Call> call, std::vector<autograd::Edge> operands, const Tensor &result)
      : Node(std::string(call->layer->kind()), std::move(operands), {autograd::outline_of(result)}),
        call_(std::move(call)) {}

  autograd::Gradients backward(const autograd::Gradients &results, const std::vector<bool> &) override {
    if (call_ == nullptr)
      fail(Status::invalid_argument, name(), ": what the way back needs was given back: keep the graph to go it twice");
    for (size_t index = 0; index < call_->parameters.size(); ++index)
      if (call_->plan->parameters()[index]->is_trained &&
          call_->parameters[index].storage->version() != call_->versions[index])
        fail(Status::invalid_argument, name(), ": a parameter was changed in place since the call");
    PlanMemory memory = call_->memory();
    autograd::Gradients gradients(operands().size());
    for (size_t index = 0; index < call_->inputs.size(); ++index)
      if (dtype_kind(call_->inputs[index].dtype) == DTypeKind::floating) {
        gradients[index] = empty(call_->inputs[index].dtype, call_->inputs[index].shape, {});
        memory.input_gradients[index] = gradients[index].data;
      }
    for (size_t index = 0; index < call_->parameters.size(); ++index) {
      if (!call_->plan->parameters()[index]->is_trained) continue;
      Tensor &gradient = gradients[call_->inputs.size() + call_->parameter_places[index]];
      gradient = empty(call_->parameters[index].dtype, call_->parameters[index].shape, {});
      memory.parameter_gradients[index] = gradient.data;
    }
    // The way back writes over what it no longer needs: a graph that is kept goes it on a copy.
    const Reference<Storage> arena = Storage::allocate(call_->arena->nbytes(), 64, {});
    std::memcpy(arena->data(), call_->arena->data(), static_cast<size_t>(arena->nbytes()));
    memory.arena = arena->data();
    PlanRun run(*call_->plan, memory);
    const Tensor given = contiguous(in_main_memory(results[0]));
    if (given.nbytes() > 0) std::memcpy(run.output_gradient(), given.data, static_cast<size_t>(given.nbytes()));
    run.backward();
    return gradients;
  }

  void forget() noexcept override { call_.reset(); }

 private:
  std::unique_ptr<Call> call_;
};

Tensor usable_input(const Layer &layer, const Tensor &given) {
  const bool fits = given.dtype == layer.dtype() || dtype_kind(given.dtype) == DTypeKind::signed_integer ||
                    dtype_kind(given.dtype) == DTypeKind::unsigned_integer;
  if (!fits)
    fail(Status::type_mismatch, layer.kind(), ": an input has dtype ", given.dtype, ", the layer ", layer.dtype(),
         ": convert one of them");
  if (given.ndim() == 0)
    fail(Status::invalid_argument, layer.kind(), ": an input has shape (): expected a first axis of samples");
  const Tensor here = contiguous(in_main_memory(given));
  return here.dtype == layer.dtype() ? here : astype(here, DType::int64, Casting::same_kind);
}

}  // namespace

std::vector<Parameter *> all_parameters(Layer &layer) {
  std::vector<Parameter *> list;
  append_parameters(list, layer);
  return list;
}

CalledLayer call_layer(const std::shared_ptr<Layer> &layer, std::span<const autograd::Variable> inputs,
                       std::span<const autograd::Variable> parameters, bool is_training, bool is_recorded,
                       RandomStream random) {
  auto call = std::make_unique<Call>();
  call->layer = layer;
  std::vector<ValueOutline> outlines;
  for (const autograd::Variable &input : inputs) {
    call->inputs.push_back(usable_input(*layer, input.tensor));
    outlines.push_back({call->inputs.back().shape, call->inputs.back().dtype});
  }
  call->plan = std::make_unique<Plan>(
      outlines, PlanOptions{.dtype = layer->dtype(), .is_training = is_training, .wants_input_gradients = is_recorded},
      [&](Tracer &tracer, std::span<const Value> values) { return layer->trace(tracer, values); });
  const std::vector<Parameter *> all = all_parameters(*layer);
  for (const Parameter *parameter : call->plan->parameters()) {
    const auto place = static_cast<size_t>(std::find(all.begin(), all.end(), parameter) - all.begin());
    call->parameter_places.push_back(place);
    call->parameters.push_back(parameters[place].tensor);
    call->versions.push_back(parameter->is_trained ? parameter->value.storage->version() : 0);
  }
  call->arena = Storage::allocate(std::max<int64_t>(call->plan->arena_nbytes(), 64), 64, {});
  PlanRun run(*call->plan, call->memory());
  run.forward(random);
  const ValueOutline &outline = call->plan->output();
  CalledLayer called{empty(outline.dtype, outline.shape, {}), {}};
  if (called.result.nbytes() > 0)
    std::memcpy(called.result.data, run.output(), static_cast<size_t>(called.result.nbytes()));
  if (is_recorded) {
    std::vector<autograd::Edge> operands;
    for (const autograd::Variable &input : inputs) operands.push_back(autograd::edge_to(input));
    for (const autograd::Variable &parameter : parameters) operands.push_back(autograd::edge_to(parameter));
    called.node = Reference<autograd::Node>::adopt(new LayerNode(std::move(call), std::move(operands), called.result));
  }
  return called;
}

}  // namespace penstock::core::nn
