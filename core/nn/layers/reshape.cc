#include "core/nn/layers/reshape.h"

#include <cstring>

#include "core/base/error.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {
namespace {

// The same elements under another shape: nothing to do where the plan lets it stay where it is.
class ReshapeOperation : public Operation {
 public:
  ReshapeOperation(std::string_view name, ValueOutline output) : name_(name), output_(output) {}

  std::string_view name() const override { return name_; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override { return {.may_run_in_place = true}; }
  void forward(const ForwardCall &call) override { move(call.output, call.inputs[0]); }
  void backward(const BackwardCall &call) override { move(call.input_gradients[0], call.output_gradient); }

 private:
  void move(std::byte *to, const std::byte *from) const {
    if (to != nullptr && to != from) std::memcpy(to, from, static_cast<size_t>(output_.nbytes()));
  }

  std::string_view name_;
  ValueOutline output_;
};

Value trace_reshape(Tracer &tracer, std::string_view name, const Value &input, const Extents &shape) {
  const Value inputs[] = {input};
  return tracer.add(std::make_unique<ReshapeOperation>(name, ValueOutline{shape, input.outline.dtype}), inputs, {});
}

class FlattenLayer : public Layer {
 public:
  explicit FlattenLayer(DType dtype) : Layer(dtype) {}

  std::string_view kind() const override { return "flatten"; }
  Json::Object settings() const override { return {}; }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    const Extents &shape = inputs[0].outline.shape;
    int64_t size = 1;
    for (int32_t axis = 1; axis < shape.size(); ++axis) size *= shape[axis];
    return trace_reshape(tracer, kind(), inputs[0], {shape[0], size});
  }
};

class ReshapeLayer : public Layer {
 public:
  ReshapeLayer(std::vector<int64_t> sizes, DType dtype) : Layer(dtype), sizes_(std::move(sizes)) {}

  std::string_view kind() const override { return "reshape"; }
  Json::Object settings() const override {
    Json::Object settings;
    append(settings, "shape", Json::Array(sizes_.begin(), sizes_.end()));
    return settings;
  }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    const Extents &given = inputs[0].outline.shape;
    int64_t available = 1, known = 1;
    for (int32_t axis = 1; axis < given.size(); ++axis) available *= given[axis];
    for (const int64_t size : sizes_) known *= size < 0 ? 1 : size;
    Extents shape{given[0]};
    for (const int64_t size : sizes_) shape.push_back(size >= 0 ? size : known == 0 ? 0 : available / known);
    int64_t count = 1;
    for (int32_t axis = 1; axis < shape.size(); ++axis) count *= shape[axis];
    if (count != available)
      fail(Status::invalid_argument, "reshape: an input of shape ", given, " has ", available,
           " elements a sample, which do not fill shape ", Extents(sizes_.data(), static_cast<int32_t>(sizes_.size())));
    return trace_reshape(tracer, kind(), inputs[0], shape);
  }

 private:
  std::vector<int64_t> sizes_;
};

}  // namespace

std::shared_ptr<Layer> make_flatten(Settings &, DType dtype) { return std::make_shared<FlattenLayer>(dtype); }

std::shared_ptr<Layer> make_reshape(Settings &settings, DType dtype) {
  const Json *shape = settings.value("shape");
  const Json::Array *given = shape == nullptr ? nullptr : shape->if_array();
  constexpr std::string_view expected = "a list of up to 15 sizes, one of which may be -1";
  if (given == nullptr || given->size() >= static_cast<size_t>(max_ndim))
    settings.refuse("shape", shape == nullptr ? Json() : *shape, expected);
  std::vector<int64_t> sizes;
  bool has_free = false;
  for (const Json &each : *given) {
    const int64_t *negative = each.if_signed();
    const uint64_t *whole = each.if_unsigned();
    const bool is_free = negative != nullptr && *negative == -1;
    if ((is_free && has_free) || (!is_free && (whole == nullptr || *whole > static_cast<uint64_t>(largest_nbytes))))
      settings.refuse("shape", *shape, expected);
    has_free |= is_free;
    sizes.push_back(is_free ? -1 : static_cast<int64_t>(*whole));
  }
  return std::make_shared<ReshapeLayer>(std::move(sizes), dtype);
}

}  // namespace penstock::core::nn
