#include "core/nn/layers/activation.h"

#include "core/base/thread_pool.h"
#include "core/nn/layers/inputs.h"
#include "core/nn/layers/softmax.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t grain = int64_t{1} << 14;

// One pointwise function on all elements.
template <typename Element>
class ActivationOperation : public Operation {
 public:
  ActivationOperation(const Activation &activation, const ValueOutline &output, bool has_backward)
      : activation_(activation), output_(output), has_backward_(has_backward) {}

  std::string_view name() const override { return activation_name(activation_); }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override {
    const bool is_linear = activation_.kind == ActivationKind::linear;
    const bool reads_input = has_backward_ && activation_.gradient_reads_input();
    const auto count = static_cast<double>(output_.element_count());
    return {.backward_reads_inputs = reads_input,
            .backward_reads_output = has_backward_ && !reads_input && !is_linear,
            .may_run_in_place = !reads_input,
            .forward_flops = is_linear ? 0 : count,
            .backward_flops = is_linear ? 0 : count};
  }
  void forward(const ForwardCall &call) override {
    const auto *in = elements<Element>(call.inputs[0]);
    auto *out = elements<Element>(call.output);
    if (activation_.kind == ActivationKind::linear && in == out) return;
    parallel_for(output_.element_count(), grain,
                 [&](Range range) { activate(activation_, out + range.begin, in + range.begin, range.size()); });
  }
  void backward(const BackwardCall &call) override {
    const auto *given = elements<Element>(call.output_gradient);
    auto *gradient = elements<Element>(call.input_gradients[0]);
    if (gradient == nullptr || (activation_.kind == ActivationKind::linear && gradient == given)) return;
    const bool is_linear = activation_.kind == ActivationKind::linear;
    const auto *kept = elements<Element>(activation_.gradient_reads_input() ? call.inputs[0] : call.output);
    parallel_for(output_.element_count(), grain, [&](Range range) {
      activation_gradient(activation_, gradient + range.begin, given + range.begin,
                          is_linear ? nullptr : kept + range.begin, range.size());
    });
  }

 private:
  const Activation activation_;
  const ValueOutline output_;
  const bool has_backward_;
};

Value trace_pointwise(Tracer &tracer, const Value &value, const Activation &activation) {
  const Value inputs[] = {value};
  if (value.outline.dtype == DType::float64)
    return tracer.add(std::make_unique<ActivationOperation<double>>(activation, value.outline, tracer.has_backward()),
                      inputs, {});
  return tracer.add(std::make_unique<ActivationOperation<float>>(activation, value.outline, tracer.has_backward()),
                    inputs, {});
}

class ActivationLayer : public Layer {
 public:
  ActivationLayer(const Activation &activation, DType dtype) : Layer(dtype), activation_(activation) {}

  std::string_view kind() const override { return activation_name(activation_); }
  Json::Object settings() const override { return activation_settings(activation_); }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    return trace_pointwise(tracer, inputs[0], activation_);
  }

 private:
  const Activation activation_;
};

std::shared_ptr<Layer> make_pointwise(std::string_view name, Settings &settings, DType dtype) {
  return std::make_shared<ActivationLayer>(read_pointwise(name, settings), dtype);
}

}  // namespace

std::shared_ptr<Layer> make_elu(Settings &settings, DType dtype) { return make_pointwise("elu", settings, dtype); }
std::shared_ptr<Layer> make_gelu(Settings &settings, DType dtype) { return make_pointwise("gelu", settings, dtype); }
std::shared_ptr<Layer> make_leaky_relu(Settings &settings, DType dtype) {
  return make_pointwise("leaky_relu", settings, dtype);
}
std::shared_ptr<Layer> make_linear(Settings &settings, DType dtype) {
  return make_pointwise("linear", settings, dtype);
}
std::shared_ptr<Layer> make_mish(Settings &settings, DType dtype) { return make_pointwise("mish", settings, dtype); }
std::shared_ptr<Layer> make_relu(Settings &settings, DType dtype) { return make_pointwise("relu", settings, dtype); }
std::shared_ptr<Layer> make_sigmoid(Settings &settings, DType dtype) {
  return make_pointwise("sigmoid", settings, dtype);
}
std::shared_ptr<Layer> make_silu(Settings &settings, DType dtype) { return make_pointwise("silu", settings, dtype); }
std::shared_ptr<Layer> make_softplus(Settings &settings, DType dtype) {
  return make_pointwise("softplus", settings, dtype);
}
std::shared_ptr<Layer> make_tanh(Settings &settings, DType dtype) { return make_pointwise("tanh", settings, dtype); }

Value trace_activation(Tracer &tracer, const Value &value, const ActivationChoice &choice, std::string_view layer,
                       int32_t axis) {
  if (choice.normalisation != ActivationChoice::Normalisation::none)
    return trace_softmax(tracer, value, choice.normalisation, axis, layer);
  if (choice.pointwise.kind == ActivationKind::linear) return value;
  return trace_pointwise(tracer, value, choice.pointwise);
}

}  // namespace penstock::core::nn
