#include "core/nn/parameter_store.h"

#include "core/base/text.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t alignment = 64;  // bytes

void list_layer(std::vector<StoredParameter> &list, const std::string &prefix, Layer &layer) {
  for (Parameter &parameter : layer.parameters()) list.push_back({prefix + parameter.name, &parameter, 0});
  size_t number = 0;
  for (const std::shared_ptr<Layer> &inside : layer.layers_inside())
    list_layer(list, text(prefix, layer.inside_name(number++), "."), *inside);
}

void say_that_parameters_moved(Layer &layer) {
  layer.parameters_moved();
  for (const std::shared_ptr<Layer> &inside : layer.layers_inside()) say_that_parameters_moved(*inside);
}

// Places those that are, or are not, trained; the result is the number of elements they need.
int64_t place(std::vector<StoredParameter> &parameters, bool trained, int64_t step) {
  int64_t end = 0;
  for (StoredParameter &stored : parameters) {
    if (stored.parameter->is_trained != trained) continue;
    stored.begin = end;
    end += (stored.parameter->value.element_count() + step - 1) / step * step;
  }
  return end;
}

Tensor part_of(const Tensor &piece, int64_t begin, const Extents &shape) {
  return reshape(narrow(piece, 0, begin, element_count(shape)), shape);
}

}  // namespace

std::vector<StoredParameter> list_parameters(const std::vector<NamedLayer> &layers) {
  std::vector<StoredParameter> list;
  for (const NamedLayer &named : layers) list_layer(list, named.name + ".", *named.layer);
  return list;
}

ParameterStore::ParameterStore(const std::vector<NamedLayer> &layers, DType dtype)
    : parameters_(list_parameters(layers)) {
  const int64_t step = alignment / dtype_size(dtype);
  trained_ = zeros(dtype, {place(parameters_, true, step)}, {});
  gradients_ = zeros(dtype, trained_.shape, {});
  others_ = zeros(dtype, {place(parameters_, false, step)}, {});
  std::vector<Tensor> moved;
  for (const StoredParameter &stored : parameters_) {
    moved.push_back(
        part_of(stored.parameter->is_trained ? trained_ : others_, stored.begin, stored.parameter->value.shape));
    copy(moved.back(), stored.parameter->value, Casting::same_kind);
  }
  for (size_t index = 0; index < moved.size(); ++index) parameters_[index].parameter->value = std::move(moved[index]);
  for (const NamedLayer &named : layers) say_that_parameters_moved(*named.layer);
}

Tensor ParameterStore::gradient(const StoredParameter &stored) const {
  return part_of(gradients_, stored.begin, stored.parameter->value.shape);
}

}  // namespace penstock::core::nn
