#include "core/nn/layers/recurrent.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/nn/layers/recurrent_operation.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t most_features = int64_t{1} << 24;

struct RecurrentInitializers {
  Initializer weight, recurrent, bias;
};

class RecurrentLayer : public Layer {
 public:
  RecurrentLayer(const RecurrentForm &form, RecurrentInitializers initializers, DType dtype)
      : Layer(dtype), form_(form), initializers_(std::move(initializers)) {
    const int64_t gates = form.gate_count() * form.units;
    add_parameter("weight_ih", {gates, form.in_features}, initializers_.weight);
    add_parameter("weight_hh", {gates, form.units}, initializers_.recurrent);
    if (!form.use_bias) return;
    add_parameter("bias_ih", {gates}, initializers_.bias);
    add_parameter("bias_hh", {gates}, initializers_.bias);
  }

  std::string_view kind() const override { return form_.cell == RecurrentCell::lstm ? "lstm" : "gru"; }

  Json::Object settings() const override {
    Json::Object settings;
    settings.emplace_back("in_features", form_.in_features);
    settings.emplace_back("units", form_.units);
    settings.emplace_back("use_bias", form_.use_bias);
    settings.emplace_back("return_sequences", form_.return_sequences);
    settings.emplace_back("reverse", form_.reverse);
    settings.emplace_back("weight_initializer", initializers_.weight.description());
    settings.emplace_back("recurrent_initializer", initializers_.recurrent.description());
    settings.emplace_back("bias_initializer", initializers_.bias.description());
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    const ValueOutline &input = inputs[0].outline;
    const Extents &shape = input.shape;
    if (input.dtype != dtype())
      fail(Status::type_mismatch, kind(), ": an input of dtype ", input.dtype, ": expected ", dtype());
    if (shape.size() != 3 || shape[2] != form_.in_features)
      fail(Status::invalid_argument, kind(), ": an input of shape ", shape, ": expected (batch, steps, ",
           form_.in_features, ")");
    if (shape[1] == 0)
      fail(Status::invalid_argument, kind(), ": an input of shape ", shape, " has no steps: expected one at least");
    // The largest array of an operation: that it can be counted is enough here.
    checked_element_count({shape[0], shape[1] + 1, form_.gate_count() * std::max(form_.units, form_.in_features)},
                          dtype());
    return tracer.add(make_recurrent_operation(form_, input, tracer.has_backward()), inputs.first(1), parameter_list());
  }

 private:
  RecurrentForm form_;
  RecurrentInitializers initializers_;
};

Initializer initializer_of(Settings &settings, std::string_view key, int64_t units) {
  const Json *given = settings.value(key);
  return given == nullptr ? Initializer::fan_in_uniform(units) : Initializer(*given, key);
}

std::shared_ptr<Layer> make_recurrent(RecurrentCell cell, Settings &settings, DType dtype) {
  RecurrentForm form;
  form.cell = cell;
  form.in_features = settings.required_integer("in_features", 1, most_features);
  form.units = settings.required_integer("units", 1, most_features);
  form.use_bias = settings.boolean("use_bias", true);
  form.return_sequences = settings.boolean("return_sequences", false);
  form.reverse = settings.boolean("reverse", false);
  RecurrentInitializers initializers;
  initializers.weight = initializer_of(settings, "weight_initializer", form.units);
  initializers.recurrent = initializer_of(settings, "recurrent_initializer", form.units);
  initializers.bias = initializer_of(settings, "bias_initializer", form.units);
  return std::make_shared<RecurrentLayer>(form, std::move(initializers), dtype);
}

}  // namespace

std::shared_ptr<Layer> make_lstm(Settings &settings, DType dtype) {
  return make_recurrent(RecurrentCell::lstm, settings, dtype);
}

std::shared_ptr<Layer> make_gru(Settings &settings, DType dtype) {
  return make_recurrent(RecurrentCell::gru, settings, dtype);
}

}  // namespace penstock::core::nn
