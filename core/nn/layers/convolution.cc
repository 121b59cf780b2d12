#include "core/nn/layers/convolution.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/nn/activation.h"
#include "core/nn/kernels/window_products.h"
#include "core/nn/layers/activation.h"
#include "core/nn/layers/inputs.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t largest_setting = int64_t{1} << 30;

struct ConvolutionKind {
  std::string_view name;
  size_t axes;
  bool is_transposed;
};

struct ConvolutionSettings {
  ConvolutionKind kind;
  int64_t in_channels = 1, out_channels = 1, groups = 1;
  std::vector<int64_t> kernel, stride, padding, output_padding, dilation;  // one for each axis
  std::string padding_word;                                                // "same", "valid"; empty for numbers
  bool use_bias = true;
  ActivationChoice activation;
  Json weight_initializer, bias_initializer;

  // The sizes of the weight: of the side that has them all first.
  Extents weight_shape() const {
    Extents shape =
        kind.is_transposed ? Extents{in_channels, out_channels / groups} : Extents{out_channels, in_channels / groups};
    for (const int64_t size : kernel) shape.push_back(size);
    return shape;
  }
};

// Makes one side from the other, with bias and activation; the same for both directions.
template <typename Element>
class ConvolutionOperation : public Operation {
 public:
  ConvolutionOperation(const ConvolutionSettings &settings, const WindowShape &shape, const ValueOutline &output,
                       bool has_backward)
      : name_(settings.kind.name),
        is_transposed_(settings.kind.is_transposed),
        use_bias_(settings.use_bias),
        activation_(settings.activation.pointwise),
        shape_(shape),
        output_(output),
        channels_(is_transposed_ ? shape.wide_channels : shape.narrow_channels),
        plane_(is_transposed_ ? shape.wide_plane() : shape.narrow_plane()),
        products_(shape, {.narrow_from_wide = has_backward || !is_transposed_,
                          .wide_from_narrow = has_backward || is_transposed_,
                          .weight_gradient = has_backward}) {}

  std::string_view name() const override { return name_; }
  ValueOutline output() const override { return output_; }

  OperationNeeds needs() const override {
    OperationNeeds needs;
    const int64_t bias_partials = shape_.samples * channels_ * static_cast<int64_t>(sizeof(Element));
    needs.scratch_nbytes = std::max(products_.scratch_nbytes(), bias_partials);
    needs.backward_reads_inputs = true;
    if (is_activated() && activation_.gradient_reads_input())
      needs.kept_nbytes = output_.nbytes();
    else
      needs.backward_reads_output = is_activated();
    needs.forward_flops = 2.0 * static_cast<double>(shape_.samples * shape_.narrow_plane()) *
                          static_cast<double>(shape_.weight_elements());
    needs.backward_flops = 2 * needs.forward_flops;
    return needs;
  }

  void forward(const ForwardCall &call) override {
    WindowResult<Element> result;
    result.out = elements<Element>(call.output);
    result.sums = call.kept != nullptr ? elements<Element>(call.kept) : result.out;
    if (use_bias_) result.bias = elements<Element>(static_cast<const std::byte *>(call.parameters[1]));
    result.activation = activation_;
    make_output(result, elements<Element>(call.inputs[0]),
                elements<Element>(static_cast<const std::byte *>(call.parameters[0])), call.scratch);
  }

  void backward(const BackwardCall &call) override {
    auto *gradient = elements<Element>(call.output_gradient);
    auto *bias_gradient = use_bias_ ? elements<Element>(call.parameter_gradients[1]) : nullptr;
    const std::byte *kept = activation_.gradient_reads_input() ? call.kept : call.output;
    finish_gradient(gradient, elements<Element>(kept), bias_gradient, elements<Element>(call.scratch));
    if (call.input_gradients[0] != nullptr) {
      WindowResult<Element> result;
      result.sums = result.out = elements<Element>(call.input_gradients[0]);
      const auto *weight = elements<Element>(call.parameters[0]);
      if (is_transposed_)
        products_.narrow_from_wide(result, gradient, weight, call.scratch);
      else
        products_.wide_from_narrow(result, gradient, weight, call.scratch);
    }
    if (call.parameter_gradients[0] == nullptr) return;
    const auto *input = elements<Element>(call.inputs[0]);
    products_.weight_gradient(elements<Element>(call.parameter_gradients[0]), is_transposed_ ? input : gradient,
                              is_transposed_ ? gradient : input, call.scratch);
  }

 private:
  bool is_activated() const { return activation_.kind != ActivationKind::linear; }

  void make_output(const WindowResult<Element> &result, const Element *input, const Element *weight,
                   std::byte *scratch) {
    if (is_transposed_)
      products_.wide_from_narrow(result, input, weight, scratch);
    else
      products_.narrow_from_wide(result, input, weight, scratch);
  }

  // The gradient of the sums, in place, and the bias's: a sum for each sample, and these one after the other.
  void finish_gradient(Element *gradient, const Element *kept, Element *bias_gradient, Element *plane_sums) const {
    if (!is_activated() && bias_gradient == nullptr) return;
    const auto sum = find_window_kernels<Element>().sum;
    const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / plane_);
    parallel_for(shape_.samples * channels_, grain, [&](Range planes) {
      const int64_t begin = planes.begin * plane_, count = planes.end * plane_ - begin;
      if (is_activated()) activation_gradient(activation_, gradient + begin, gradient + begin, kept + begin, count);
      if (bias_gradient == nullptr) return;
      for (int64_t plane = planes.begin; plane < planes.end; ++plane)
        plane_sums[plane] = sum(gradient + plane * plane_, plane_);
    });
    if (bias_gradient == nullptr) return;
    std::fill_n(bias_gradient, channels_, Element{});
    for (int64_t sample = 0; sample < shape_.samples; ++sample)
      for (int64_t channel = 0; channel < channels_; ++channel)
        bias_gradient[channel] += plane_sums[sample * channels_ + channel];
  }

  std::string name_;
  bool is_transposed_, use_bias_;
  Activation activation_;
  WindowShape shape_;
  ValueOutline output_;
  int64_t channels_, plane_;  // of the output
  WindowProducts<Element> products_;
};

Json list_of(const std::vector<int64_t> &numbers) { return Json::Array(numbers.begin(), numbers.end()); }

class ConvolutionLayer : public Layer {
 public:
  ConvolutionLayer(ConvolutionSettings settings, DType dtype) : Layer(dtype), settings_(std::move(settings)) {
    const std::string place(settings_.kind.name);
    add_parameter("weight", settings_.weight_shape(),
                  Initializer(settings_.weight_initializer, place + ": weight_initializer"));
    if (settings_.use_bias)
      add_parameter("bias", {settings_.out_channels},
                    Initializer(settings_.bias_initializer, place + ": bias_initializer"));
  }

  std::string_view kind() const override { return settings_.kind.name; }

  Json::Object settings() const override {
    Json::Object settings;
    append(settings, "in_channels", settings_.in_channels);
    append(settings, "out_channels", settings_.out_channels);
    append(settings, "kernel_size", list_of(settings_.kernel));
    append(settings, "stride", list_of(settings_.stride));
    append(settings, "padding",
           settings_.padding_word.empty() ? list_of(settings_.padding) : Json(settings_.padding_word));
    if (settings_.kind.is_transposed) append(settings, "output_padding", list_of(settings_.output_padding));
    append(settings, "dilation", list_of(settings_.dilation));
    append(settings, "groups", settings_.groups);
    append(settings, "use_bias", settings_.use_bias);
    append(settings, "activation", settings_.activation.description());
    append(settings, "weight_initializer", settings_.weight_initializer);
    append(settings, "bias_initializer", settings_.bias_initializer);
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    const ValueOutline &input = inputs[0].outline;
    require_fitting(input);
    const WindowShape shape = window_shape(input.shape);
    ValueOutline output{{input.shape[0], settings_.out_channels}, dtype()};
    for (const WindowGeometry *axis : {&shape.rows, &shape.columns})
      if (settings_.kind.axes == 2 || axis == &shape.columns)
        output.shape.push_back(settings_.kind.is_transposed ? axis->wide : axis->narrow);
    checked_element_count(output.shape, dtype());
    ConvolutionSettings within = settings_;  // what the operation does itself
    ActivationChoice behind = settings_.activation;
    if (tracer.apart() == activation_name(behind.pointwise))
      within.activation = {};
    else
      behind.pointwise = {};
    std::unique_ptr<Operation> operation;
    if (dtype() == DType::float64)
      operation = std::make_unique<ConvolutionOperation<double>>(within, shape, output, tracer.has_backward());
    else
      operation = std::make_unique<ConvolutionOperation<float>>(within, shape, output, tracer.has_backward());
    const Value value = tracer.add(std::move(operation), inputs, parameter_list());
    return trace_activation(tracer, value, behind, kind(), 1);
  }

 private:
  void require_fitting(const ValueOutline &input) const {
    const bool has_axes = input.shape.size() == static_cast<int32_t>(settings_.kind.axes) + 2;
    if (!has_axes || input.shape[1] != settings_.in_channels)
      fail(Status::invalid_argument, kind(), ": the input's shape is ", input.shape, ": expected (samples, ",
           settings_.in_channels, settings_.kind.axes == 1 ? ", length)" : ", rows, columns)");
    for (int32_t axis = 2; axis < input.shape.size(); ++axis)
      if (input.shape[axis] > largest_setting)
        fail(Status::invalid_argument, kind(), ": the input's shape is ", input.shape, ": expected at most ",
             largest_setting, " elements along an axis");
  }

  WindowShape window_shape(const Extents &input) const {
    WindowShape shape;
    shape.samples = input[0];
    shape.groups = settings_.groups;
    const bool is_transposed = settings_.kind.is_transposed;
    shape.wide_channels = is_transposed ? settings_.out_channels : settings_.in_channels;
    shape.narrow_channels = is_transposed ? settings_.in_channels : settings_.out_channels;
    shape.rows.wide = shape.rows.narrow = 1;
    for (size_t axis = 0; axis < settings_.kind.axes; ++axis) {
      WindowGeometry &geometry = axis + 1 == settings_.kind.axes ? shape.columns : shape.rows;
      geometry = is_transposed ? transposed_axis(input, axis) : sliding_axis(input, axis);
    }
    return shape;
  }

  WindowGeometry sliding_axis(const Extents &input, size_t axis) const {
    const int64_t size = input[static_cast<int32_t>(axis) + 2];
    const int64_t kernel = settings_.kernel[axis], stride = settings_.stride[axis];
    const int64_t dilation = settings_.dilation[axis], window = dilation * (kernel - 1) + 1;
    int64_t before = settings_.padding[axis], after = before;
    if (settings_.padding_word == "same") {
      before = (window - 1) / 2;
      after = window - 1 - before;
    }
    const int64_t padded = size + before + after;
    if (size < 1 || padded < window)
      fail(Status::invalid_argument, kind(), ": the input's shape is ", input, ", with padding ", padded,
           " elements along axis ", axis + 2, ": expected at least ", window, ", the window's size");
    return {size, (padded - window) / stride + 1, kernel, stride, dilation, before};
  }

  WindowGeometry transposed_axis(const Extents &input, size_t axis) const {
    const int64_t size = input[static_cast<int32_t>(axis) + 2];
    const int64_t kernel = settings_.kernel[axis], stride = settings_.stride[axis];
    const int64_t dilation = settings_.dilation[axis], padding = settings_.padding[axis];
    const int64_t wide =
        (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + settings_.output_padding[axis] + 1;
    if (size < 1 || wide < 1)
      fail(Status::invalid_argument, kind(), ": the input's shape is ", input, ", which makes ", wide,
           " elements along axis ", axis + 2, " of the output: expected at least 1");
    return {wide, size, kernel, stride, dilation, padding};
  }

  ConvolutionSettings settings_;
};

void read_padding(Settings &given, ConvolutionSettings &settings) {
  const size_t axes = settings.kind.axes;
  const Json *padding = given.value("padding");
  const std::string *word = padding == nullptr ? nullptr : padding->if_text();
  if (word == nullptr) {
    settings.padding = given.integers("padding", axes, 0, 0, largest_setting);
    return;
  }
  if (settings.kind.is_transposed || (*word != "same" && *word != "valid"))
    given.refuse("padding", *padding,
                 settings.kind.is_transposed ? "a whole number for each axis"
                                             : "\"same\", \"valid\", or a whole number for each axis");
  if (*word == "same" &&
      std::any_of(settings.stride.begin(), settings.stride.end(), [](int64_t each) { return each > 1; }))
    given.refuse("padding", *padding, text("stride 1 with it, and not ", list_of(settings.stride).dump()));
  settings.padding_word = *word;
  settings.padding.assign(axes, 0);
}

void read_output_padding(Settings &given, ConvolutionSettings &settings) {
  if (!settings.kind.is_transposed) return;
  settings.output_padding = given.integers("output_padding", settings.kind.axes, 0, 0, largest_setting);
  for (size_t axis = 0; axis < settings.kind.axes; ++axis)
    if (settings.output_padding[axis] >= std::max(settings.stride[axis], settings.dilation[axis]))
      given.refuse("output_padding", list_of(settings.output_padding),
                   text("less than stride ", list_of(settings.stride).dump(), " or dilation ",
                        list_of(settings.dilation).dump()));
}

Json read_initializer(Settings &given, std::string_view key, int64_t fan_in) {
  const Json *description = given.value(key);
  return description != nullptr ? *description : Initializer::fan_in_uniform(fan_in).description();
}

std::shared_ptr<Layer> make_convolution(const ConvolutionKind &kind, Settings &given, DType dtype) {
  ConvolutionSettings settings;
  settings.kind = kind;
  settings.in_channels = given.required_integer("in_channels", 1, largest_setting);
  settings.out_channels = given.required_integer("out_channels", 1, largest_setting);
  settings.kernel = given.integers("kernel_size", kind.axes, -1, 1, largest_setting);
  settings.stride = given.integers("stride", kind.axes, 1, 1, largest_setting);
  read_padding(given, settings);
  settings.dilation = given.integers("dilation", kind.axes, 1, 1, largest_setting);
  read_output_padding(given, settings);
  settings.groups = given.integer("groups", 1, 1, largest_setting);
  if (settings.in_channels % settings.groups != 0 || settings.out_channels % settings.groups != 0)
    given.refuse("groups", Json(settings.groups),
                 text("a divisor of in_channels ", settings.in_channels, " and out_channels ", settings.out_channels));
  settings.use_bias = given.boolean("use_bias", true);
  settings.activation = read_activation(given, "activation");
  const Extents shape = settings.weight_shape();
  checked_element_count(shape, dtype);
  const int64_t fan_in = fans_of(shape).in;
  settings.weight_initializer = read_initializer(given, "weight_initializer", fan_in);
  settings.bias_initializer = read_initializer(given, "bias_initializer", fan_in);
  return std::make_shared<ConvolutionLayer>(std::move(settings), dtype);
}

}  // namespace

std::shared_ptr<Layer> make_conv_1d(Settings &settings, DType dtype) {
  return make_convolution({"conv_1d", 1, false}, settings, dtype);
}

std::shared_ptr<Layer> make_conv_2d(Settings &settings, DType dtype) {
  return make_convolution({"conv_2d", 2, false}, settings, dtype);
}

std::shared_ptr<Layer> make_conv_transpose_2d(Settings &settings, DType dtype) {
  return make_convolution({"conv_transpose_2d", 2, true}, settings, dtype);
}

}  // namespace penstock::core::nn
