#include "core/nn/layers/dense.h"

#include <optional>

#include "core/base/error.h"
#include "core/linalg/products.h"
#include "core/nn/activation.h"
#include "core/nn/layers/activation.h"
#include "core/nn/layers/inputs.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t most_features = int64_t{1} << 40;

// rows x inner times inner x columns; a turned operand lies as its transpose, row after row.
struct ProductShape {
  int64_t rows, columns, inner;
  bool left_is_turned = false, right_is_turned = false;
};

PreparedProduct prepare(DType dtype, const ProductShape &shape) {
  const auto [rows, columns, inner, left_is_turned, right_is_turned] = shape;
  Products products;
  products.dtype = dtype;
  products.first = {.out = {nullptr, columns, 1},
                    .left = {nullptr, left_is_turned ? 1 : inner, left_is_turned ? rows : 1},
                    .right = {nullptr, right_is_turned ? 1 : columns, right_is_turned ? inner : 1},
                    .rows = rows,
                    .columns = columns,
                    .inner = inner};
  return PreparedProduct(products);
}

struct DenseForm {
  ValueOutline output;
  int64_t rows = 0, in_features = 0, out_features = 0;
  bool use_bias = true;
  Activation activation;
  bool has_backward = false;
};

// y = f(x w^T + b).  What f's gradient is made from is kept: the output, or else the sums.
template <typename Element>
class DenseOperation : public Operation {
 public:
  explicit DenseOperation(const DenseForm &form)
      : form_(form),
        keeps_sums_(form.has_backward && form.activation.gradient_reads_input()),
        product_(prepare(form.output.dtype, {form.rows, form.out_features, form.in_features, false, true})) {
    if (!form.has_backward) return;
    weight_gradient_ = prepare(form.output.dtype, {form.out_features, form.in_features, form.rows, true, false});
    input_gradient_ = prepare(form.output.dtype, {form.rows, form.in_features, form.out_features});
  }

  std::string_view name() const override { return "dense"; }
  ValueOutline output() const override { return form_.output; }
  OperationNeeds needs() const override {
    const bool reads_output = !keeps_sums_ && form_.activation.kind != ActivationKind::linear;
    const double work = 2.0 * static_cast<double>(form_.rows) * static_cast<double>(form_.in_features) *
                        static_cast<double>(form_.out_features);
    const int64_t scratch = form_.use_bias ? bias_gradient_scratch(form_.rows, form_.out_features) : 0;
    return {.kept_nbytes = keeps_sums_ ? form_.output.nbytes() : 0,
            .scratch_nbytes = form_.has_backward ? scratch * static_cast<int64_t>(sizeof(Element)) : 0,
            .backward_reads_inputs = form_.has_backward,
            .backward_reads_output = form_.has_backward && reads_output,
            .forward_flops = work,
            .backward_flops = 2 * work};
  }

  void forward(const ForwardCall &call) override {
    std::byte *const sums = keeps_sums_ ? call.kept : call.output;
    product_.run(sums, call.inputs[0], call.parameters[0]);
    add_bias_and_activate_rows<Element>(form_.activation, elements<Element>(call.output), elements<Element>(sums),
                                        form_.use_bias ? elements<Element>(call.parameters[1]) : nullptr, form_.rows,
                                        form_.out_features);
  }

  void backward(const BackwardCall &call) override {
    activation_gradient_rows<Element>(form_.activation, elements<Element>(call.output_gradient),
                                      elements<Element>(keeps_sums_ ? call.kept : call.output),
                                      form_.use_bias ? elements<Element>(call.parameter_gradients[1]) : nullptr,
                                      elements<Element>(call.scratch), form_.rows, form_.out_features);
    if (call.parameter_gradients[0] != nullptr)
      weight_gradient_->run(call.parameter_gradients[0], call.output_gradient, call.inputs[0]);
    if (call.input_gradients[0] != nullptr)
      input_gradient_->run(call.input_gradients[0], call.output_gradient, call.parameters[0]);
  }

 private:
  const DenseForm form_;
  const bool keeps_sums_;
  PreparedProduct product_;
  std::optional<PreparedProduct> weight_gradient_, input_gradient_;
};

struct DenseInitializers {
  Initializer weight, bias;
};

class DenseLayer : public Layer {
 public:
  DenseLayer(int64_t in_features, int64_t out_features, bool use_bias, const ActivationChoice &activation,
             const DenseInitializers &initializers, DType dtype)
      : Layer(dtype),
        in_features_(in_features),
        out_features_(out_features),
        use_bias_(use_bias),
        activation_(activation),
        initializers_(initializers) {
    add_parameter("weight", {out_features, in_features}, initializers.weight);
    if (use_bias) add_parameter("bias", {out_features}, initializers.bias);
  }

  std::string_view kind() const override { return "dense"; }
  Json::Object settings() const override {
    Json::Object settings;
    settings.emplace_back("in_features", in_features_);
    settings.emplace_back("out_features", out_features_);
    settings.emplace_back("use_bias", use_bias_);
    settings.emplace_back("activation", activation_.description());
    settings.emplace_back("weight_initializer", initializers_.weight.description());
    settings.emplace_back("bias_initializer", initializers_.bias.description());
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    const Extents &shape = inputs[0].outline.shape;
    const int32_t last = shape.size() - 1;
    if (last < 1 || shape[last] != in_features_)
      fail(Status::invalid_argument, "dense: an input of shape ", shape,
           " was given: expected two or more axes, the last of in_features ", in_features_);
    const bool is_apart = tracer.apart() == activation_name(activation_.pointwise);
    DenseForm form{.output = {shape, dtype()},
                   .in_features = in_features_,
                   .out_features = out_features_,
                   .use_bias = use_bias_,
                   .activation = is_apart ? Activation() : activation_.pointwise,
                   .has_backward = tracer.has_backward()};
    form.rows = inputs[0].outline.element_count() / in_features_;
    form.output.shape[last] = out_features_;
    std::unique_ptr<Operation> operation;
    if (dtype() == DType::float64)
      operation = std::make_unique<DenseOperation<double>>(form);
    else
      operation = std::make_unique<DenseOperation<float>>(form);
    const Value out = tracer.add(std::move(operation), inputs, parameter_list());
    if (!is_apart && activation_.normalisation == ActivationChoice::Normalisation::none) return out;
    return trace_activation(tracer, out, activation_, kind());
  }

 private:
  const int64_t in_features_, out_features_;
  const bool use_bias_;
  const ActivationChoice activation_;
  const DenseInitializers initializers_;
};

Initializer read_initializer(Settings &settings, std::string_view key, int64_t in_features) {
  const Json *given = settings.value(key);
  return given == nullptr ? Initializer::fan_in_uniform(in_features) : Initializer(*given, text("dense: ", key));
}

}  // namespace

std::shared_ptr<Layer> make_dense(Settings &settings, DType dtype) {
  const int64_t in_features = settings.required_integer("in_features", 1, most_features);
  const int64_t out_features = settings.required_integer("out_features", 1, most_features);
  const bool use_bias = settings.boolean("use_bias", true);
  const ActivationChoice activation = read_activation(settings, "activation");
  const DenseInitializers initializers{read_initializer(settings, "weight_initializer", in_features),
                                       read_initializer(settings, "bias_initializer", in_features)};
  return std::make_shared<DenseLayer>(in_features, out_features, use_bias, activation, initializers, dtype);
}

}  // namespace penstock::core::nn
