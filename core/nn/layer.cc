#include "core/nn/layer.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/random_key.h"
#include "core/io/utf8.h"
#include "core/nn/layers/activation.h"
#include "core/nn/layers/attention.h"
#include "core/nn/layers/composite.h"
#include "core/nn/layers/convolution.h"
#include "core/nn/layers/custom.h"
#include "core/nn/layers/dense.h"
#include "core/nn/layers/dropout.h"
#include "core/nn/layers/embedding.h"
#include "core/nn/layers/normalization.h"
#include "core/nn/layers/pooling.h"
#include "core/nn/layers/recurrent.h"
#include "core/nn/layers/reshape.h"
#include "core/nn/layers/softmax.h"
#include "core/nn/settings.h"
#include "core/tensor/create.h"

namespace penstock::core::nn {
namespace {

struct LayerKind {
  std::string_view kind;
  std::shared_ptr<Layer> (*make)(Settings &settings, DType dtype);
};

constexpr LayerKind kinds[] = {
    {"avg_pool_2d", make_avg_pool_2d},
    {"batch_norm", make_batch_norm},
    {"conv_1d", make_conv_1d},
    {"conv_2d", make_conv_2d},
    {"conv_transpose_2d", make_conv_transpose_2d},
    {"dense", make_dense},
    {"dropout", make_dropout},
    {"elu", make_elu},
    {"embedding", make_embedding},
    {"flatten", make_flatten},
    {"gelu", make_gelu},
    {"global_avg_pool_2d", make_global_avg_pool_2d},
    {"gru", make_gru},
    {"layer_norm", make_layer_norm},
    {"leaky_relu", make_leaky_relu},
    {"linear", make_linear},
    {"log_softmax", make_log_softmax},
    {"lstm", make_lstm},
    {"max_pool_2d", make_max_pool_2d},
    {"mish", make_mish},
    {"multi_head_attention", make_multi_head_attention},
    {"relu", make_relu},
    {"reshape", make_reshape},
    {"residual", make_residual},
    {"rms_norm", make_rms_norm},
    {"sequential", make_sequential},
    {"sigmoid", make_sigmoid},
    {"silu", make_silu},
    {"softmax", make_softmax},
    {"softplus", make_softplus},
    {"tanh", make_tanh},
};

void initialize_from(Layer &layer, RandomStream stream) {
  if (layer.kind() == custom_kind) return;
  uint64_t number = 0;
  for (Parameter &parameter : layer.parameters())
    parameter.initializer.fill(parameter.value, fold_in(stream, number++));
  for (const std::shared_ptr<Layer> &inside : layer.layers_inside())
    initialize_from(*inside, fold_in(stream, number++));
}

}  // namespace

thread_local ParameterLimit *ParameterLimit::current = nullptr;

ParameterLimit::ParameterLimit(uint64_t nbytes) : outer_(current), nbytes_(nbytes), left_(nbytes) { current = this; }
ParameterLimit::~ParameterLimit() { current = outer_; }

void Layer::add_parameter(std::string name, const Extents &shape, Initializer initializer, bool is_trained) {
  if (ParameterLimit *const limit = ParameterLimit::current) {
    const auto nbytes = static_cast<uint64_t>(checked_element_count(shape, dtype_) * dtype_size(dtype_));
    if (nbytes > limit->left_)
      fail(Status::data_error, "the layers described have more parameters than the ", limit->nbytes_,
           " bytes that there are: ", name, " has shape ", shape);
    limit->left_ -= nbytes;
  }
  parameters_.push_back({std::move(name), empty(dtype_, shape, {}), std::move(initializer), is_trained});
}

void Layer::add_given_parameter(std::string name, Tensor value, bool is_trained) {
  parameters_.push_back({std::move(name), std::move(value), {}, is_trained});
}

std::vector<const Parameter *> Layer::parameter_list() const {
  std::vector<const Parameter *> list;
  for (const Parameter &parameter : parameters_) list.push_back(&parameter);
  return list;
}

std::shared_ptr<Layer> make_layer(std::string_view kind, const Json &settings, DType dtype) {
  if (dtype != DType::float32 && dtype != DType::float64)
    fail(Status::type_mismatch, "a layer's dtype is ", dtype, ": expected float32 or float64");
  if (kind == custom_kind) {
    Settings given(settings, kind);
    return make_described_custom(given, dtype);
  }
  const auto *found =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const LayerKind &each) { return each.kind == kind; });
  if (found == std::end(kinds))
    fail(Status::invalid_argument, "there is no layer ", in_quotes(kind), ": expected one of ",
         listed(kinds, [](const LayerKind &each) { return each.kind; }));
  Settings given(settings, kind);
  std::shared_ptr<Layer> layer = found->make(given, dtype);
  given.finish();
  return layer;
}

std::span<const std::string_view> layer_kinds() {
  static const auto names = [] {
    std::array<std::string_view, std::size(kinds)> list;
    std::transform(std::begin(kinds), std::end(kinds), list.begin(), [](const LayerKind &each) { return each.kind; });
    return list;
  }();
  return names;
}

void initialize(Layer &layer, uint64_t seed) { initialize_from(layer, {.seed = seed, .number = 0}); }

}  // namespace penstock::core::nn
