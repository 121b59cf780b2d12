#include "core/nn/layers/custom.h"

#include <cstring>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/random_key.h"
#include "core/io/utf8.h"
#include "core/tensor/create.h"

namespace penstock::core::nn {
namespace {

// A tensor over a stretch of a plan's memory.
Tensor lent(const std::byte *memory, const Extents &shape, DType dtype, bool read_only) {
  if (memory == nullptr) return {};
  if (element_count(shape) == 0) return empty(dtype, shape, {});
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): what is given as constant is asked for as read-only
  return wrap(const_cast<std::byte *>(memory), dtype, shape, row_major_strides(shape), {}, read_only, nullptr, nullptr);
}

// A view that was kept would outlive its memory.
void require_given_back(const std::string &type, std::string_view what, std::span<const Tensor> tensors) {
  for (const Tensor &tensor : tensors)
    if (tensor.storage && !tensor.storage->is_held_once())
      fail(Status::invalid_argument, "the ", what, " of ", type, " kept a hold on a tensor of shape ", tensor.shape,
           " that it was lent: it must copy what it keeps");
}

class CustomOperation : public Operation {
 public:
  CustomOperation(std::string type, std::shared_ptr<CustomFunctions> functions, const ValueOutline &input,
                  const ValueOutline &output, std::span<const Parameter *const> parameters)
      : type_(std::move(type)),
        name_("custom " + type_),
        functions_(std::move(functions)),
        input_(input),
        output_(output) {
    for (const Parameter *parameter : parameters) shapes_.push_back(parameter->value.shape);
  }

  std::string_view name() const override { return name_; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override { return {.backward_reads_inputs = true, .backward_reads_output = true}; }

  void forward(const ForwardCall &call) override {
    seed_ = fold_in(call.random, 0).seed;
    std::vector<Tensor> parameters;
    for (size_t index = 0; index < shapes_.size(); ++index)
      parameters.push_back(lent(call.parameters[index], shapes_[index], output_.dtype, false));
    const Tensor values[] = {lent(call.output, output_.shape, output_.dtype, false),
                             lent(call.inputs[0], input_.shape, input_.dtype, true)};
    functions_->forward({.output = values[0],
                         .input = values[1],
                         .parameters = parameters,
                         .is_training = call.is_training,
                         .seed = seed_});
    require_given_back(type_, "forward", values);
    require_given_back(type_, "forward", parameters);
  }

  void backward(const BackwardCall &call) override {
    if (!functions_->has_backward()) fail(Status::invalid_argument, type_, " has no backward: no gradient passes it");
    std::vector<Tensor> parameters, gradients;
    for (size_t index = 0; index < shapes_.size(); ++index) {
      parameters.push_back(lent(call.parameters[index], shapes_[index], output_.dtype, true));
      gradients.push_back(zeros_at(call.parameter_gradients[index], shapes_[index]));
    }
    const Tensor values[] = {
        zeros_at(call.input_gradients[0], input_.shape), lent(call.output_gradient, output_.shape, output_.dtype, true),
        lent(call.inputs[0], input_.shape, input_.dtype, true), lent(call.output, output_.shape, output_.dtype, true)};
    functions_->backward({.input_gradient = values[0],
                          .parameter_gradients = gradients,
                          .output_gradient = values[1],
                          .input = values[2],
                          .output = values[3],
                          .parameters = parameters,
                          .seed = seed_});
    require_given_back(type_, "backward", values);
    require_given_back(type_, "backward", parameters);
    require_given_back(type_, "backward", gradients);
  }

 private:
  Tensor zeros_at(std::byte *memory, const Extents &shape) const {
    Tensor tensor = lent(memory, shape, output_.dtype, false);
    if (memory != nullptr && tensor.nbytes() > 0) std::memset(memory, 0, static_cast<size_t>(tensor.nbytes()));
    return tensor;
  }

  const std::string type_, name_;
  const std::shared_ptr<CustomFunctions> functions_;
  const ValueOutline input_, output_;
  std::vector<Extents> shapes_;  // of the parameters
  uint64_t seed_ = 0;
};

void require_name(const std::string &type, const std::string &name, bool may_have_dots) {
  if (name.empty() || (!may_have_dots && name.find('.') != std::string::npos) || !is_utf8(name))
    fail(Status::invalid_argument, type, " has a part whose name is ", in_quotes(name),
         ": expected a text without a dot");
}

class CustomLayer final : public Layer {
 public:
  CustomLayer(CustomDescription description, DType dtype, std::unique_ptr<CustomFunctions> functions)
      : Layer(dtype),
        type_(std::move(description.type)),
        config_(std::move(description.config)),
        functions_(std::move(functions)) {
    for (CustomDescription::OwnParameter &own : description.parameters) {
      require_name(type_, own.name, false);
      add_given_parameter(std::move(own.name), std::move(own.value), own.is_trained);
    }
    for (CustomDescription::Inside &inside : description.layers) {
      require_name(type_, inside.name, true);
      if (inside.layer->dtype() != dtype)
        fail(Status::type_mismatch, type_, ": the layer ", in_quotes(inside.name), " inside has dtype ",
             inside.layer->dtype(), ": expected ", dtype);
      names_.push_back(std::move(inside.name));
      layers_.push_back(std::move(inside.layer));
    }
    std::set<std::string> taken;
    append_parameters(taken, "", *this);
    take_layers();
  }

  ~CustomLayer() override {
    for (const std::shared_ptr<Layer> &layer : layers_) layer->set_in_model(false);
  }

  std::string_view kind() const override { return custom_kind; }
  std::span<const std::shared_ptr<Layer>> layers_inside() const override { return layers_; }
  std::string inside_name(size_t index) const override { return names_[index]; }
  void parameters_moved() override { functions_->parameters_moved(parameters()); }

  Json::Object settings() const override {
    Json::Object settings;
    append(settings, "type", type_);
    append(settings, "config", config_);
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    if (inputs.size() != 1)
      fail(Status::invalid_argument, type_, ": ", inputs.size(), " inputs were given: expected 1");
    if (tracer.is_training() && !functions_->has_backward())
      fail(Status::invalid_argument, type_, " has no backward: it cannot be trained, nor what stands before it");
    const ValueOutline output{functions_->output_shape(inputs[0].outline), dtype()};
    const Extents &given = inputs[0].outline.shape;
    checked_element_count(output.shape, dtype());
    if (output.shape.empty() || output.shape[0] != given[0])
      fail(Status::invalid_argument, type_, " makes shape ", output.shape, " of ", given, ": expected ", given[0],
           " samples along the first axis");
    return tracer.add(std::make_unique<CustomOperation>(type_, functions_, inputs[0].outline, output, all_), inputs,
                      all_);
  }

 private:
  void append_parameters(std::set<std::string> &taken, const std::string &prefix, const Layer &layer) {
    for (const Parameter &parameter : layer.parameters()) {
      if (!taken.insert(prefix + parameter.name).second)
        fail(Status::invalid_argument, type_, " has two parameters of the name ", in_quotes(prefix + parameter.name));
      all_.push_back(&parameter);
    }
    const std::span<const std::shared_ptr<Layer>> inside = layer.layers_inside();
    for (size_t index = 0; index < inside.size(); ++index)
      append_parameters(taken, text(prefix, layer.inside_name(index), "."), *inside[index]);
  }

  // The layers inside are this one's from now on: all or none.
  void take_layers() {
    for (size_t index = 0; index < layers_.size(); ++index) {
      if (!layers_[index]->is_in_model()) {
        layers_[index]->set_in_model(true);
        continue;
      }
      for (size_t taken = 0; taken < index; ++taken) layers_[taken]->set_in_model(false);
      fail(Status::invalid_argument, type_, ": the layer ", in_quotes(names_[index]),
           " inside is in a model or another layer: make one for each");
    }
  }

  const std::string type_;
  const Json config_;
  const std::shared_ptr<CustomFunctions> functions_;
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::vector<const Parameter *> all_;
};

}  // namespace

std::shared_ptr<Layer> make_custom(CustomDescription description, DType dtype,
                                   std::unique_ptr<CustomFunctions> functions) {
  if (dtype != DType::float32 && dtype != DType::float64)
    fail(Status::type_mismatch, "a layer's dtype is ", dtype, ": expected float32 or float64");
  if (description.type.empty() || !is_utf8(description.type))
    fail(Status::invalid_argument, "type is ", in_quotes(description.type), ": expected a layer's name");
  if (description.config.if_object() == nullptr)
    fail(Status::invalid_argument, "config is ", description.config.dump(), ": expected an object");
  return std::make_shared<CustomLayer>(std::move(description), dtype, std::move(functions));
}

thread_local const CustomFactoryScope *CustomFactoryScope::current = nullptr;

CustomFactoryScope::CustomFactoryScope(CustomFactory factory) : outer_(current), factory_(std::move(factory)) {
  current = this;
}
CustomFactoryScope::~CustomFactoryScope() { current = outer_; }

std::shared_ptr<Layer> make_described_custom(Settings &settings, DType dtype) {
  const std::string type = settings.text("type", "");
  const Json *config = settings.value("config");
  settings.finish();
  if (CustomFactoryScope::current == nullptr)
    fail(Status::unavailable, "the layer ", in_quotes(type),
         " is not of the engine's: what makes such layers must be given with the file");
  // What the caller makes on the way counts as the caller's.
  const ParameterLimit limit(UINT64_MAX);
  return CustomFactoryScope::current->factory_(type, config == nullptr ? Json(Json::Object()) : *config, dtype);
}

}  // namespace penstock::core::nn
