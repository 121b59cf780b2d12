#include "core/nn/layer.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/random_key.h"
#include "core/io/utf8.h"
#include "core/nn/layers/attention.h"
#include "core/nn/layers/composite.h"
#include "core/nn/layers/normalization.h"
#include "core/nn/layers/reshape.h"
#include "core/nn/settings.h"
#include "core/tensor/create.h"

namespace penstock::core::nn {
namespace {

struct LayerKind {
  std::string_view kind;
  std::shared_ptr<Layer> (*make)(Settings &settings, DType dtype);
};

constexpr LayerKind kinds[] = {
    {"batch_norm", make_batch_norm},
    {"flatten", make_flatten},
    {"layer_norm", make_layer_norm},
    {"multi_head_attention", make_multi_head_attention},
    {"reshape", make_reshape},
    {"residual", make_residual},
    {"rms_norm", make_rms_norm},
    {"sequential", make_sequential},
};

void initialize_from(Layer &layer, RandomStream stream) {
  uint64_t number = 0;
  for (Parameter &parameter : layer.parameters())
    parameter.initializer.fill(parameter.value, fold_in(stream, number++));
  for (const std::shared_ptr<Layer> &inside : layer.layers_inside())
    initialize_from(*inside, fold_in(stream, number++));
}

}  // namespace

void Layer::add_parameter(std::string name, const Extents &shape, Initializer initializer, bool is_trained) {
  parameters_.push_back({std::move(name), empty(dtype_, shape, {}), std::move(initializer), is_trained});
}

std::vector<const Parameter *> Layer::parameter_list() const {
  std::vector<const Parameter *> list;
  for (const Parameter &parameter : parameters_) list.push_back(&parameter);
  return list;
}

std::shared_ptr<Layer> make_layer(std::string_view kind, const Json &settings, DType dtype) {
  if (dtype != DType::float32 && dtype != DType::float64)
    fail(Status::type_mismatch, "a layer's dtype is ", dtype, ": expected float32 or float64");
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
