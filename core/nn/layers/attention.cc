#include "core/nn/layers/attention.h"

#include "core/base/error.h"
#include "core/nn/layers/attention_operation.h"
#include "core/nn/layers/inputs.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {
namespace {

class AttentionLayer : public Layer {
 public:
  struct Description {
    int64_t features, heads;
    bool has_bias;
    double dropout;
    bool is_causal;
  };

  AttentionLayer(DType dtype, const Description &description) : Layer(dtype), description_(description) {
    const int64_t features = description.features;
    add_parameter("in_proj_weight", {3 * features, features}, Initializer("xavier_uniform", "in_proj_weight"));
    if (description.has_bias) add_parameter("in_proj_bias", {3 * features}, Initializer());
    add_parameter("out_proj_weight", {features, features}, Initializer::fan_in_uniform(features));
    if (description.has_bias) add_parameter("out_proj_bias", {features}, Initializer());
  }

  std::string_view kind() const override { return "multi_head_attention"; }

  Json::Object settings() const override {
    Json::Object settings;
    settings.emplace_back("features", static_cast<uint64_t>(description_.features));
    settings.emplace_back("heads", static_cast<uint64_t>(description_.heads));
    settings.emplace_back("use_bias", description_.has_bias);
    settings.emplace_back("dropout", description_.dropout);
    settings.emplace_back("causal", description_.is_causal);
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    if (inputs.size() != 1 && inputs.size() != 3)
      fail(Status::invalid_argument, kind(), ": ", inputs.size(),
           " inputs were given: expected one, or three: query, key and value");
    require_inputs(*this, inputs, inputs.size());
    for (const Value &input : inputs) {
      const Extents &shape = input.outline.shape;
      if (shape.size() != 3 || shape[2] != description_.features)
        fail(Status::invalid_argument, kind(), ": an input has shape ", shape,
             ": expected (samples, length, features) with ", description_.features, " features");
    }
    const Extents &query = inputs[0].outline.shape, &key = inputs[inputs.size() == 3 ? 1 : 0].outline.shape;
    const Extents &value = inputs.back().outline.shape;
    const bool is_alone = inputs.size() == 1;
    if (!is_alone && (!(key == value) || key[0] != query[0]))
      fail(Status::invalid_argument, kind(), ": query, key and value have shapes ", query, ", ", key, " and ", value,
           ": expected as many samples in each, and key and value of one length");
    const AttentionDescription description{.dtype = dtype(),
                                           .samples = query[0],
                                           .queries = query[1],
                                           .keys = key[1],
                                           .features = description_.features,
                                           .heads = description_.heads,
                                           .has_bias = description_.has_bias,
                                           .is_causal = description_.is_causal,
                                           .dropout = tracer.is_training() ? description_.dropout : 0,
                                           .attends_to_itself = is_alone};
    return tracer.add(make_attention_operation(description, tracer.has_backward()), inputs, parameter_list());
  }

 private:
  const Description description_;
};

}  // namespace

std::shared_ptr<Layer> make_multi_head_attention(Settings &settings, DType dtype) {
  constexpr int64_t most_features = int64_t{1} << 26;  // of which the weights have as many elements as memory can hold
  const int64_t features = settings.required_integer("features", 1, most_features);
  const int64_t heads = settings.required_integer("heads", 1, features);
  if (features % heads != 0)
    settings.refuse("heads", static_cast<uint64_t>(heads), text("a divisor of features, which is ", features));
  const bool has_bias = settings.boolean("use_bias", true);
  const double dropout = settings.number("dropout", 0, 0, 1);
  return std::make_shared<AttentionLayer>(
      dtype, AttentionLayer::Description{features, heads, has_bias, dropout, settings.boolean("causal", false)});
}

}  // namespace penstock::core::nn
