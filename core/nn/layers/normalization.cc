// Normalization of rows: layer_norm and rms_norm.  batch_norm.cc has the other one.
#include "core/nn/layers/normalization.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/normalization_kernels.h"
#include "core/nn/layers/inputs.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {
namespace {

// Elements that are worth a shard of their own.
constexpr int64_t shard_elements = 16384;
// Into how many pieces of rows the sums over all of them are cut at most.
constexpr int64_t most_pieces = 32;

struct RowNormDescription {
  bool is_centred = true;
  double epsilon = 0;
  int64_t columns = 0;
  bool has_weight = false, has_bias = false;
};

template <typename Element>
class RowNormOperation : public Operation {
 public:
  RowNormOperation(std::string_view name, const ValueOutline &outline, const RowNormDescription &description,
                   bool has_backward)
      : name_(name),
        outline_(outline),
        description_(description),
        has_backward_(has_backward),
        rows_(outline.element_count() / description.columns),
        grain_(std::max<int64_t>(1, shard_elements / description.columns)),
        piece_(std::max(grain_, shard_count(rows_, most_pieces))),
        pieces_(shard_count(rows_, piece_)) {}

  std::string_view name() const override { return name_; }
  ValueOutline output() const override { return outline_; }

  OperationNeeds needs() const override {
    const auto elements = static_cast<double>(outline_.element_count());
    OperationNeeds needs{.backward_reads_inputs = has_backward_,
                         .may_run_in_place = !has_backward_,
                         .forward_flops = elements * 8,
                         .backward_flops = elements * 12};
    if (has_backward_) {
      needs.kept_nbytes = rows_ * (description_.is_centred ? 2 : 1) * element_size;
      if (pieces_ > 1) needs.scratch_nbytes = pieces_ * sum_count() * element_size;
    }
    return needs;
  }

  void forward(const ForwardCall &call) override {
    RowNormalization<Element> how{description_.is_centred, description_.epsilon, description_.columns};
    if (description_.has_weight) how.weight = elements<Element>(call.parameters[0]);
    if (description_.has_bias) how.bias = elements<Element>(call.parameters[1]);
    const RowStatistics<Element> statistics = statistics_in(elements<Element>(call.kept));
    Element *const to = elements<Element>(call.output);
    const Element *const from = elements<Element>(call.inputs[0]);
    parallel_for(rows_, grain_, [&](Range rows) { kernels_.normalize_rows(how, to, from, statistics, rows); });
  }

  void backward(const BackwardCall &call) override {
    RowNormalization<Element> how{description_.is_centred, description_.epsilon, description_.columns};
    if (description_.has_weight) how.weight = elements<Element>(call.parameters[0]);
    const RowStatistics<const Element> statistics = statistics_in(elements<Element>(call.kept));
    const Element *const from = elements<Element>(call.inputs[0]);
    const Element *const gradient = elements<Element>(call.output_gradient);
    Element *const weight = description_.has_weight ? elements<Element>(call.parameter_gradients[0]) : nullptr;
    Element *const bias = description_.has_bias ? elements<Element>(call.parameter_gradients[1]) : nullptr;
    for (Element *const sums : {weight, bias})
      if (sums != nullptr) std::fill_n(sums, description_.columns, Element{0});
    parallel_for(rows_, piece_, [&](Range rows) {
      RowGradients<Element> to{elements<Element>(call.input_gradients[0]), weight, bias};
      if (pieces_ > 1) {
        Element *const sums = elements<Element>(call.scratch) + rows.begin / piece_ * sum_count();
        std::fill_n(sums, sum_count(), Element{0});
        if (weight != nullptr) to.weight = sums;
        if (bias != nullptr) to.bias = sums + description_.columns;
      }
      kernels_.row_gradients(how, to, from, gradient, statistics, rows);
    });
    if (pieces_ > 1) {
      const Element *const sums = elements<Element>(call.scratch);
      if (weight != nullptr) add_pieces(weight, sums);
      if (bias != nullptr) add_pieces(bias, sums + description_.columns);
    }
  }

 private:
  static constexpr int64_t element_size = sizeof(Element);

  int64_t sum_count() const {
    return description_.columns * ((description_.has_weight ? 1 : 0) + (description_.has_bias ? 1 : 0));
  }

  template <typename Number>
  RowStatistics<Number> statistics_in(Number *scales) const {
    return {scales != nullptr && description_.is_centred ? scales + rows_ : nullptr, scales};
  }

  void add_pieces(Element *to, const Element *sums) const {
    parallel_for(description_.columns, shard_elements / most_pieces, [&](Range columns) {
      constexpr int64_t most = 64;
      for (int64_t first = columns.begin; first < columns.end; first += most) {
        const int64_t count = std::min(most, columns.end - first);
        double totals[most] = {};
        for (int64_t piece = 0; piece < pieces_; ++piece)
          for (int64_t column = 0; column < count; ++column)
            totals[column] += static_cast<double>(sums[piece * sum_count() + first + column]);
        for (int64_t column = 0; column < count; ++column) to[first + column] = static_cast<Element>(totals[column]);
      }
    });
  }

  const std::string_view name_;
  const ValueOutline outline_;
  const RowNormDescription description_;
  const bool has_backward_;
  const int64_t rows_, grain_, piece_, pieces_;
  const NormalizationKernels<Element> &kernels_ = normalization_kernels<Element>();
};

// The setting "shape": sizes of at least 1.
Extents read_shape(Settings &settings) {
  const Json *given = settings.value("shape");
  const auto refuse = [&] {
    settings.refuse("shape", given == nullptr ? Json() : *given, "a size of at least 1, or a list of 1 to 15 of them");
  };
  Extents shape;
  const auto take = [&](const Json &each) {
    const uint64_t *size = each.if_unsigned();
    if (size == nullptr || *size < 1 || *size > static_cast<uint64_t>(largest_nbytes)) refuse();
    shape.push_back(static_cast<int64_t>(*size));
  };
  if (given == nullptr) refuse();
  if (const Json::Array *list = given->if_array()) {
    if (list->empty() || list->size() >= static_cast<size_t>(max_ndim)) refuse();
    std::for_each(list->begin(), list->end(), take);
  } else {
    take(*given);
  }
  return shape;
}

Json shape_as_json(const Extents &shape) {
  Json::Array sizes;
  for (const int64_t size : shape) sizes.emplace_back(static_cast<uint64_t>(size));
  return sizes;
}

class RowNormLayer : public Layer {
 public:
  RowNormLayer(DType dtype, std::string_view kind, const Extents &shape, std::optional<double> epsilon, bool is_affine,
               bool has_bias)
      : Layer(dtype), kind_(kind), shape_(shape), epsilon_(epsilon), is_affine_(is_affine), has_bias_(has_bias) {
    if (is_affine) add_parameter("weight", shape, Initializer("ones", "weight"));
    if (is_affine && has_bias) add_parameter("bias", shape, Initializer());
  }

  std::string_view kind() const override { return kind_; }

  Json::Object settings() const override {
    Json::Object settings;
    append(settings, "shape", shape_as_json(shape_));
    append(settings, "epsilon", epsilon_ ? Json(*epsilon_) : Json());
    append(settings, "affine", is_affine_);
    if (is_centred()) append(settings, "use_bias", has_bias_);
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    const ValueOutline &outline = inputs[0].outline;
    const int32_t leading = outline.shape.size() - shape_.size();
    if (leading < 1 || !std::equal(shape_.begin(), shape_.end(), outline.shape.begin() + leading))
      fail(Status::invalid_argument, kind_, ": an input has shape ", outline.shape,
           ": expected a batch axis, and last axes of shape ", shape_);
    RowNormDescription description{.is_centred = is_centred(),
                                   .columns = element_count(shape_),
                                   .has_weight = is_affine_,
                                   .has_bias = is_affine_ && has_bias_};
    const bool is_twofold = dtype() == DType::float64;
    description.epsilon = epsilon_.value_or(is_twofold ? std::numeric_limits<double>::epsilon()
                                                       : double{std::numeric_limits<float>::epsilon()});
    std::unique_ptr<Operation> operation;
    if (is_twofold)
      operation = std::make_unique<RowNormOperation<double>>(kind_, outline, description, tracer.has_backward());
    else
      operation = std::make_unique<RowNormOperation<float>>(kind_, outline, description, tracer.has_backward());
    return tracer.add(std::move(operation), inputs, parameter_list());
  }

 private:
  bool is_centred() const { return kind_ == "layer_norm"; }

  const std::string_view kind_;
  const Extents shape_;
  const std::optional<double> epsilon_;
  const bool is_affine_, has_bias_;
};

constexpr double largest_epsilon = 1e30;

}  // namespace

std::shared_ptr<Layer> make_layer_norm(Settings &settings, DType dtype) {
  const Extents shape = read_shape(settings);
  const double epsilon = settings.number("epsilon", 1e-5, 0, largest_epsilon);
  const bool is_affine = settings.boolean("affine", true);
  return std::make_shared<RowNormLayer>(dtype, "layer_norm", shape, epsilon, is_affine,
                                        settings.boolean("use_bias", true));
}

std::shared_ptr<Layer> make_rms_norm(Settings &settings, DType dtype) {
  const Extents shape = read_shape(settings);
  std::optional<double> epsilon;
  if (settings.value("epsilon") != nullptr) epsilon = settings.number("epsilon", 0, 0, largest_epsilon);
  return std::make_shared<RowNormLayer>(dtype, "rms_norm", shape, epsilon, settings.boolean("affine", true), false);
}

}  // namespace penstock::core::nn
