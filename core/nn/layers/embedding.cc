#include "core/nn/layers/embedding.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/thread_pool.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t largest_setting = int64_t{1} << 40;
constexpr int64_t grain = int64_t{1} << 15;  // elements that take some ten microseconds
constexpr int64_t enough_shards = 16;

struct Table {
  int64_t count = 0, features = 0;
};

Extents place_of(int64_t index, const Extents &shape) {
  Extents place = shape;
  for (int32_t axis = shape.size() - 1; axis >= 0; --axis) {
    place[axis] = index % shape[axis];
    index /= shape[axis];
  }
  return place;
}

template <typename Element>
class EmbeddingOperation : public Operation {
 public:
  EmbeddingOperation(const Table &table, const ValueOutline &indices, const ValueOutline &output)
      : table_(table), indices_(indices), output_(output) {}

  std::string_view name() const override { return "embedding"; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override {
    return {.backward_reads_inputs = true, .backward_flops = static_cast<double>(output_.element_count())};
  }

  void forward(const ForwardCall &call) override {
    const auto *indices = elements<int64_t>(call.inputs[0]);
    require_within(indices);
    const auto *weight = elements<Element>(call.parameters[0]);
    auto *out = elements<Element>(call.output);
    const int64_t features = table_.features;
    parallel_for(indices_.element_count(), std::max<int64_t>(1, grain / features), [&](Range range) {
      for (int64_t row = range.begin; row < range.end; ++row)
        std::copy_n(weight + indices[row] * features, features, out + row * features);
    });
  }

  // Each shard has rows of the table for itself, and takes what is theirs in the order of the indices.
  void backward(const BackwardCall &call) override {
    if (call.parameter_gradients[0] == nullptr) return;
    const auto *indices = elements<int64_t>(call.inputs[0]);
    const auto *given = elements<Element>(call.output_gradient);
    auto *gradient = elements<Element>(call.parameter_gradients[0]);
    const int64_t features = table_.features, count = indices_.element_count();
    const int64_t work = (count + table_.count) * features;
    const int64_t shards = std::clamp<int64_t>(work / grain, 1, std::min(enough_shards, table_.count));
    parallel_for(table_.count, shard_count(table_.count, shards), [&](Range rows) {
      std::fill_n(gradient + rows.begin * features, rows.size() * features, Element{0});
      for (int64_t each = 0; each < count; ++each) {
        const int64_t row = indices[each];
        if (row < rows.begin || row >= rows.end) continue;
        Element *to = gradient + row * features;
        const Element *from = given + each * features;
        for (int64_t feature = 0; feature < features; ++feature) to[feature] += from[feature];
      }
    });
  }

 private:
  void require_within(const int64_t *indices) const {
    const int64_t count = indices_.element_count();
    // A negative number is a large one without its sign.
    uint64_t largest = 0;
    for (int64_t index = 0; index < count; ++index) largest = std::max(largest, static_cast<uint64_t>(indices[index]));
    if (count == 0 || largest < static_cast<uint64_t>(table_.count)) return;
    const int64_t first =
        std::find_if(indices, indices + count, [&](int64_t index) { return index < 0 || index >= table_.count; }) -
        indices;
    fail(Status::out_of_range, "embedding: the index at ", place_of(first, indices_.shape), " is ", indices[first],
         ": expected 0 to ", table_.count - 1);
  }

  const Table table_;
  const ValueOutline indices_, output_;
};

class EmbeddingLayer : public Layer {
 public:
  EmbeddingLayer(const Table &table, const Initializer &initializer, DType dtype)
      : Layer(dtype), table_(table), initializer_(initializer) {
    add_parameter("weight", {table.count, table.features}, initializer);
  }

  std::string_view kind() const override { return "embedding"; }
  Json::Object settings() const override {
    Json::Object settings;
    append(settings, "count", table_.count);
    append(settings, "features", table_.features);
    append(settings, "weight_initializer", initializer_.description());
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    if (inputs.size() != 1)
      fail(Status::invalid_argument, "embedding: ", inputs.size(), " inputs were given: expected 1");
    const ValueOutline &indices = inputs[0].outline;
    if (indices.dtype != DType::int64 || indices.shape.size() >= max_ndim)
      fail(Status::invalid_argument, "embedding: an input of ", indices.dtype, " and shape ", indices.shape,
           " was given: expected int64 indices of at most ", max_ndim - 1, " axes");
    ValueOutline output{indices.shape, dtype()};
    output.shape.push_back(table_.features);
    if (dtype() == DType::float64)
      return tracer.add(std::make_unique<EmbeddingOperation<double>>(table_, indices, output), inputs,
                        parameter_list());
    return tracer.add(std::make_unique<EmbeddingOperation<float>>(table_, indices, output), inputs, parameter_list());
  }

 private:
  const Table table_;
  const Initializer initializer_;
};

Initializer standard_normal() {
  Json::Object description;
  append(description, "name", "normal");
  append(description, "mean", 0.0);
  append(description, "deviation", 1.0);
  return Initializer(Json(std::move(description)), "initializer");
}

}  // namespace

std::shared_ptr<Layer> make_embedding(Settings &settings, DType dtype) {
  const Table table{settings.required_integer("count", 1, largest_setting),
                    settings.required_integer("features", 1, largest_setting)};
  const Json *given = settings.value("weight_initializer");
  const Initializer initializer =
      given == nullptr ? standard_normal() : Initializer(*given, "embedding: weight_initializer");
  return std::make_shared<EmbeddingLayer>(table, initializer, dtype);
}

}  // namespace penstock::core::nn
