#include "core/nn/layers/composite.h"

#include <cstring>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/nn/layers/activation.h"
#include "core/nn/layers/inputs.h"

namespace penstock::core::nn {
namespace {

// The sum of two values of one outline.
class AddOperation : public Operation {
 public:
  explicit AddOperation(const ValueOutline &outline) : outline_(outline) {}

  std::string_view name() const override { return "add"; }
  ValueOutline output() const override { return outline_; }
  OperationNeeds needs() const override { return {.forward_flops = static_cast<double>(outline_.element_count())}; }

  void forward(const ForwardCall &call) override {
    if (outline_.dtype == DType::float64)
      add<double>(call);
    else
      add<float>(call);
  }

  void backward(const BackwardCall &call) override {
    for (std::byte *const gradient : call.input_gradients)
      if (gradient != nullptr && outline_.nbytes() > 0)
        std::memcpy(gradient, call.output_gradient, static_cast<size_t>(outline_.nbytes()));
  }

 private:
  template <typename Element>
  void add(const ForwardCall &call) const {
    const Element *const first = elements<Element>(call.inputs[0]), *const second = elements<Element>(call.inputs[1]);
    Element *const sum = elements<Element>(call.output);
    constexpr int64_t grain = 1 << 15;
    parallel_for(outline_.element_count(), grain, [&](Range range) {
      for (int64_t index = range.begin; index < range.end; ++index) sum[index] = first[index] + second[index];
    });
  }

  const ValueOutline outline_;
};

// The setting "layers".  Sentences about a layer in it begin with its place.
std::vector<std::shared_ptr<Layer>> read_layers(Settings &settings, std::string_view kind, DType dtype) {
  constexpr std::string_view expected = "a list of layers, each an object with kind and settings";
  const Json *given = settings.value("layers");
  if (given == nullptr || given->if_array() == nullptr)
    settings.refuse("layers", given == nullptr ? Json() : *given, expected);
  std::vector<std::shared_ptr<Layer>> layers;
  for (const Json &each : *given->if_array()) {
    const std::string place = text(kind, ": layers[", layers.size(), "]");
    Settings described(each, place);
    if (!described.has("kind")) fail(Status::invalid_argument, place, ": kind is missing: expected a layer's kind");
    const std::string inside = described.text("kind", "");
    const Json *const own = described.value("settings");
    described.finish();
    try {
      layers.push_back(make_layer(inside, own == nullptr ? Json() : *own, dtype));
    } catch (const Error &error) {
      fail(error.status(), place, ": ", error.sentence());
    }
  }
  return layers;
}

// What sequential and residual share.
class CompositeLayer : public Layer {
 public:
  CompositeLayer(DType dtype, std::vector<std::shared_ptr<Layer>> layers) : Layer(dtype), layers_(std::move(layers)) {}

  std::span<const std::shared_ptr<Layer>> layers_inside() const override { return layers_; }

  Json::Object settings() const override {
    Json::Array layers;
    for (const std::shared_ptr<Layer> &layer : layers_) {
      Json::Object each;
      append(each, "kind", layer->kind());
      append(each, "settings", layer->settings());
      layers.emplace_back(std::move(each));
    }
    Json::Object settings;
    append(settings, "layers", std::move(layers));
    return settings;
  }

 protected:
  // The first layer is given all inputs.
  Value trace_layers(Tracer &tracer, std::span<const Value> inputs) const {
    Value value = inputs[0];
    for (size_t index = 0; index < layers_.size(); ++index) {
      const std::span<const Value> given = index == 0 ? inputs : std::span<const Value>(&value, 1);
      try {
        value = layers_[index]->trace(tracer, given);
      } catch (const Error &error) {
        fail(error.status(), kind(), ": layers[", index, "]: ", error.sentence());
      }
    }
    return value;
  }

 private:
  const std::vector<std::shared_ptr<Layer>> layers_;
};

class SequentialLayer : public CompositeLayer {
 public:
  using CompositeLayer::CompositeLayer;

  std::string_view kind() const override { return "sequential"; }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    if (inputs.empty() || (layers_inside().empty() && inputs.size() != 1))
      fail(Status::invalid_argument, "sequential: ", inputs.size(), " inputs were given: expected 1");
    return trace_layers(tracer, inputs);
  }
};

class ResidualLayer : public CompositeLayer {
 public:
  ResidualLayer(DType dtype, std::vector<std::shared_ptr<Layer>> layers, const ActivationChoice &activation)
      : CompositeLayer(dtype, std::move(layers)), activation_(activation) {}

  std::string_view kind() const override { return "residual"; }

  Json::Object settings() const override {
    Json::Object settings = CompositeLayer::settings();
    append(settings, "activation", activation_.description());
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    const Value values[] = {inputs[0], trace_layers(tracer, inputs)};
    if (!(values[0].outline == values[1].outline))
      fail(Status::invalid_argument, "residual: the layers make shape ", values[1].outline.shape,
           " of an input of shape ", values[0].outline.shape, ": expected the same, since the two are added");
    const Value sum = tracer.add(std::make_unique<AddOperation>(values[0].outline), values, {});
    return trace_activation(tracer, sum, activation_, kind());
  }

 private:
  const ActivationChoice activation_;
};

}  // namespace

std::shared_ptr<Layer> make_sequential(Settings &settings, DType dtype) {
  return std::make_shared<SequentialLayer>(dtype, read_layers(settings, "sequential", dtype));
}

std::shared_ptr<Layer> make_residual(Settings &settings, DType dtype) {
  std::vector<std::shared_ptr<Layer>> layers = read_layers(settings, "residual", dtype);
  return std::make_shared<ResidualLayer>(dtype, std::move(layers), read_activation(settings, "activation"));
}

}  // namespace penstock::core::nn
