#include "capi/src/custom_layer.h"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/lent_handles.h"
#include "capi/src/network_handles.h"
#include "capi/src/options.h"
#include "capi/src/recording.h"
#include "core/tensor/copy.h"

namespace penstock {
namespace {

using ParameterHandles = std::vector<core::Reference<TensorHandle>>;

// Handles of tensors, none where there is none.
void fill(Handles &handles, size_t first, std::span<const core::Tensor> tensors) {
  for (size_t index = 0; index < tensors.size(); ++index)
    if (tensors[index].storage) handles[first + index] = wrap(tensors[index]);
}

class OutsideFunctions final : public nn::CustomFunctions {
 public:
  OutsideFunctions(std::string type, ps_layer_forward_function forward, ps_layer_backward_function backward,
                   ps_layer_shape_function output_shape, void *user, ParameterHandles parameters)
      : type_(std::move(type)),
        forward_(forward),
        backward_(backward),
        output_shape_(output_shape),
        user_(user),
        parameters_(std::move(parameters)) {}
  ~OutsideFunctions() override {
    if (deleter_ != nullptr) deleter_(user_);
  }

  // From now on deleter is called with the layer's end.
  void own(ps_deleter deleter) { deleter_ = deleter; }

  core::Extents output_shape(const nn::ValueOutline &input) override {
    if (output_shape_ == nullptr) return input.shape;
    int64_t sizes[PS_MAX_NDIM] = {};
    int32_t ndim = 0;
    call_outside("the output_shape of " + type_, [&] {
      return output_shape_(sizes, &ndim, input.shape.begin(), input.shape.size(), static_cast<ps_dtype>(input.dtype),
                           user_);
    });
    if (ndim < 1 || ndim > PS_MAX_NDIM)
      core::fail(core::Status::invalid_argument, "the output_shape of ", type_, " gave ", ndim, " axes: expected 1 to ",
                 PS_MAX_NDIM);
    return core::Extents(sizes, ndim);
  }

  void forward(const Forward &call) override {
    Handles values(2), parameters(call.parameters.size());
    fill(values, 0, std::span(&call.output, 1));
    fill(values, 1, std::span(&call.input, 1));
    fill(parameters, 0, call.parameters);
    call_outside("the forward of " + type_, [&] {
      return forward_(values[0], values[1], parameters.data(), call.is_training ? 1 : 0, call.seed, user_);
    });
  }

  bool has_backward() const override { return backward_ != nullptr; }

  void backward(const Backward &call) override {
    Handles values(4), parameters(call.parameters.size()), gradients(call.parameter_gradients.size());
    fill(values, 0, std::span(&call.input_gradient, 1));
    fill(values, 1, std::span(&call.output_gradient, 1));
    fill(values, 2, std::span(&call.input, 1));
    fill(values, 3, std::span(&call.output, 1));
    fill(parameters, 0, call.parameters);
    fill(gradients, 0, call.parameter_gradients);
    call_outside("the backward of " + type_, [&] {
      return backward_(values[0], gradients.data(), values[1], values[2], values[3], parameters.data(), call.seed,
                       user_);
    });
  }

  void parameters_moved(std::span<const nn::Parameter> parameters) override {
    for (size_t index = 0; index < parameters.size(); ++index) parameters_[index]->tensor = parameters[index].value;
  }

 private:
  const std::string type_;
  const ps_layer_forward_function forward_;
  const ps_layer_backward_function backward_;
  const ps_layer_shape_function output_shape_;
  void *const user_;
  ps_deleter deleter_ = nullptr;
  const ParameterHandles parameters_;
};

size_t read_count(int32_t count, const void *names, const void *items, const char *what) {
  if (count < 0) core::fail(core::Status::invalid_argument, what, "_count is ", count, ": expected 0 and up");
  if (count > 0) require_not_null(names, (std::string(what) + "_names").c_str());
  if (count > 0) require_not_null(items, (std::string(what) + "s").c_str());
  return static_cast<size_t>(count);
}

core::Tensor read_parameter(const core::Tensor &tensor, const char *name, core::DType dtype) {
  if (tensor.dtype != dtype)
    core::fail(core::Status::type_mismatch, "the parameter ", name, " has dtype ", tensor.dtype, ", the layer ", dtype);
  if (tensor.device().type != core::DeviceType::cpu)
    core::fail(core::Status::unavailable, "the parameter ", name, " is on ", tensor.device(), ": expected cpu");
  return tensor.read_only ? core::clone(tensor) : core::contiguous(tensor);
}

nn::CustomDescription read_description(const ps_custom_layer_options &options, core::DType dtype,
                                       ParameterHandles &handles) {
  nn::CustomDescription description;
  const size_t parameters =
      read_count(options.parameter_count, options.parameter_names, options.parameters, "parameter");
  for (size_t index = 0; index < parameters; ++index) {
    const char *const name = options.parameter_names[index];
    ps_tensor *const parameter = options.parameters[index];
    require_not_null(name, "one of parameter_names");
    require_not_null(parameter, "one of parameters");
    description.parameters.push_back(
        {name, read_parameter(unwrap(parameter), name, dtype), requires_gradients(parameter)});
    handle_of(parameter)->retain();
    handles.push_back(core::Reference<TensorHandle>::adopt(handle_of(parameter)));
  }
  const size_t layers = read_count(options.layer_count, options.layer_names, options.layers, "layer");
  for (size_t index = 0; index < layers; ++index) {
    require_not_null(options.layer_names[index], "one of layer_names");
    require_not_null(options.layers[index], "one of layers");
    description.layers.push_back({options.layer_names[index], handle_of(options.layers[index])->layer});
  }
  if (options.reserved != 0)
    core::fail(core::Status::invalid_argument, "reserved is ", options.reserved, ": expected 0");
  return description;
}

}  // namespace

// NOLINTBEGIN(bugprone-sizeof-expression): of a field that is a pointer the size is meant, not what it points to
template <>
struct OptionsLayout<ps_custom_layer_options> {
  static constexpr ps_custom_layer_options defaults = PS_CUSTOM_LAYER_OPTIONS_INIT;
  static constexpr const char *name = "ps_custom_layer_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_custom_layer_options, struct_size),     PS_FIELD_END(ps_custom_layer_options, parameter_count),
      PS_FIELD_END(ps_custom_layer_options, parameter_names), PS_FIELD_END(ps_custom_layer_options, parameters),
      PS_FIELD_END(ps_custom_layer_options, layer_names),     PS_FIELD_END(ps_custom_layer_options, layers),
      PS_FIELD_END(ps_custom_layer_options, layer_count),     PS_FIELD_END(ps_custom_layer_options, reserved),
      PS_FIELD_END(ps_custom_layer_options, output_shape)};
};
// NOLINTEND(bugprone-sizeof-expression)

core::nn::CustomFactory custom_factory(ps_layer_factory_function factory, void *user) {
  return [factory, user](const std::string &type, const core::Json &config, core::DType dtype) {
    ps_layer *made = nullptr;
    call_outside("making the layer " + type, [&] {
      return factory(&made, type.c_str(), config.dump().c_str(), static_cast<ps_dtype>(dtype), user);
    });
    if (made == nullptr) core::fail(core::Status::invalid_argument, "making the layer ", type, " gave none");
    const auto held = core::Reference<LayerHandle>::adopt(handle_of(made));
    return held->layer;
  };
}

}  // namespace penstock

using namespace penstock;  // NOLINT(google-build-using-namespace): the shims below are C's

ps_status ps_custom_layer_options_init(ps_custom_layer_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_layer_create_custom(ps_layer **out, const char *type, const char *config, ps_dtype dtype,
                                 ps_layer_forward_function forward, ps_layer_backward_function backward, void *user,
                                 ps_deleter deleter, const ps_custom_layer_options *given) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(type, "type");
    require_not_null(reinterpret_cast<const void *>(forward), "forward");
    const auto element = static_cast<core::DType>(dtype);
    if (core::find_dtype_info(element) == nullptr)
      core::fail(core::Status::invalid_argument, "dtype is ", static_cast<int32_t>(dtype), ": expected a ps_dtype");
    const ps_custom_layer_options options = read_options(given);
    ParameterHandles handles;
    nn::CustomDescription description = read_description(options, element, handles);
    description.type = type;
    description.config = read_json(config, "config");
    auto functions =
        std::make_unique<OutsideFunctions>(type, forward, backward, options.output_shape, user, std::move(handles));
    OutsideFunctions *const made = functions.get();
    const std::shared_ptr<nn::Layer> layer = nn::make_custom(std::move(description), element, std::move(functions));
    *out = wrap_layer(layer);
    // Nothing fails from here on: the caller's value is now the layer's, and the parameters lie where the handles say.
    made->parameters_moved(layer->parameters());
    made->own(deleter);
  });
}
