#include "core/nn/layers/attention_operation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/linalg/products.h"
#include "core/nn/activation.h"
#include "core/nn/kernels/attention_kernels.h"

namespace penstock::core::nn {
namespace {

// Hands out stretches of a piece of memory, each aligned; or, without memory, only counts.
class Stretches {
 public:
  explicit Stretches(std::byte *memory) : memory_(memory) {}

  template <typename Element>
  Element *take(int64_t count) {
    auto *const taken = memory_ == nullptr ? nullptr : elements<Element>(memory_ + nbytes_);
    nbytes_ += (count * int64_t{sizeof(Element)} + 63) / 64 * 64;
    return taken;
  }
  int64_t nbytes() const { return nbytes_; }

 private:
  std::byte *memory_;
  int64_t nbytes_ = 0;
};

// An operand of a product: its matrix for one head of one sample, and how far it is to the next ones.
struct Operand {
  int64_t row_stride = 0, column_stride = 1;
  int64_t sample_stride = 0, head_stride = 0;

  Operand transposed() const { return {column_stride, row_stride, sample_stride, head_stride}; }
};

Block block_of(int64_t rows, int64_t columns, int64_t inner, const Operand &out, const Operand &left,
               const Operand &right) {
  return {.out = {nullptr, out.row_stride, out.column_stride},
          .left = {nullptr, left.row_stride, left.column_stride},
          .right = {nullptr, right.row_stride, right.column_stride},
          .rows = rows,
          .columns = columns,
          .inner = inner};
}

// What stands behind the projections of query, key and value, which may lie beside each other: their columns.
template <typename Element>
struct Projections {
  Element *query, *key, *value;
};

template <typename Element>
std::byte *bytes(Element *memory) {
  return reinterpret_cast<std::byte *>(memory);
}
template <typename Element>
const std::byte *bytes(const Element *memory) {
  return reinterpret_cast<const std::byte *>(memory);
}

template <typename Element>
class AttentionOperation : public Operation {
 public:
  AttentionOperation(const AttentionDescription &description, bool has_backward)
      : description_(description), has_backward_(has_backward) {
    prepare_forward();
    if (has_backward) prepare_backward();
  }

  std::string_view name() const override { return "multi_head_attention"; }
  ValueOutline output() const override {
    return {{description_.samples, description_.queries, description_.features}, description_.dtype};
  }

  OperationNeeds needs() const override {
    Stretches kept(nullptr), scratch(nullptr);
    take_kept(has_backward_ ? kept : scratch);
    int64_t scratch_nbytes = take_forward_scratch(scratch);
    if (has_backward_) {
      Stretches backward(nullptr);
      take_backward_scratch(backward);
      scratch_nbytes = std::max(scratch_nbytes, backward.nbytes());
    }
    const auto features = static_cast<double>(description_.features);
    const auto rows = static_cast<double>(query_rows() + key_rows());
    const double flops = 4 * features * features * rows +
                         4 * features * static_cast<double>(description_.keys) * static_cast<double>(query_rows());
    return {.kept_nbytes = kept.nbytes(),
            .scratch_nbytes = scratch_nbytes,
            .backward_reads_inputs = has_backward_,
            .forward_flops = flops,
            .backward_flops = 2 * flops};
  }

  void forward(const ForwardCall &call) override {
    Stretches kept(call.kept), scratch(call.scratch);
    const Kept memory = take_kept(has_backward_ ? kept : scratch);
    *memory.random = call.random;  // NOLINT(clang-analyzer-core*): null only where bytes are counted
    project(call, memory.projections);
    products_->scores.run(bytes(memory.probabilities), bytes(memory.projections.query), bytes(memory.projections.key));
    if (description_.keys > 0)
      parallel_for(score_rows(), score_grain(),
                   [&](Range rows) { kernels_.softmax(scores_, memory.probabilities, rows); });
    const Element *probabilities = memory.probabilities;
    if (description_.dropout > 0) {
      auto *const dropped = scratch.take<Element>(score_count());
      drop(dropped, memory.probabilities, call.random);
      probabilities = dropped;
    }
    products_->context.run(bytes(memory.context), bytes(probabilities), bytes(memory.projections.value));
    products_->out.run(call.output, bytes(memory.context), call.parameters[out_weight()]);
    if (description_.has_bias)
      add_bias(elements<Element>(call.output), call.parameters[3], 0, query_rows(), description_.features);
  }

  void backward(const BackwardCall &call) override {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): what was kept is only read
    Stretches stretches(const_cast<std::byte *>(call.kept)), scratch(call.scratch);
    const Kept kept = take_kept(stretches);
    const Scratch memory = take_backward_scratch(scratch);
    auto &products = *gradient_products_;
    finish_out_projection(call, kept, memory);
    const RandomStream &random = *kept.random;  // NOLINT(clang-analyzer-core*): null only where bytes are counted
    const Element *probabilities = kept.probabilities;
    products.probabilities.run(bytes(memory.scores), bytes(memory.context), bytes(kept.projections.value));
    if (description_.dropout > 0) {
      drop(memory.dropped, kept.probabilities, random);
      probabilities = memory.dropped;
      drop(memory.scores, memory.scores, random);
    }
    products.value.run(bytes(memory.projections.value), bytes(probabilities), bytes(memory.context));
    if (description_.keys > 0)
      parallel_for(score_rows(), score_grain(),
                   [&](Range rows) { kernels_.softmax_gradients(scores_, memory.scores, kept.probabilities, rows); });
    products.query.run(bytes(memory.projections.query), bytes(memory.scores), bytes(kept.projections.key));
    products.key.run(bytes(memory.projections.key), bytes(memory.scores), bytes(kept.projections.query));
    finish_in_projections(call, memory);
  }

 private:
  // Written by forward(), read by backward().
  struct Kept {
    Projections<Element> projections;
    Element *probabilities;  // before dropout
    Element *context;
    RandomStream *random;
  };
  // Of backward(): gradients, and the probabilities after dropout.
  struct Scratch {
    Projections<Element> projections;
    Element *scores, *context, *dropped, *bias_sums;
  };
  struct ForwardProducts {
    PreparedProduct query_projection, scores, context, out;
    std::optional<PreparedProduct> key_projection;  // unless query, key and value are projected at once
  };
  // Each named after what it gives the gradient of.
  struct GradientProducts {
    PreparedProduct out_weight, context, probabilities, value, query, key, query_weight, query_input;
    std::optional<PreparedProduct> key_weight, key_input;
  };

  int64_t query_rows() const { return description_.samples * description_.queries; }
  int64_t key_rows() const { return description_.samples * description_.keys; }
  int64_t score_rows() const { return query_rows() * description_.heads; }
  int64_t score_count() const { return score_rows() * description_.keys; }
  int64_t score_grain() const { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, description_.keys)); }
  size_t out_weight() const { return description_.has_bias ? 2 : 1; }
  // How many rows of in_proj_weight one product takes.
  int64_t projected() const { return (description_.attends_to_itself ? 3 : 1) * description_.features; }

  Projections<Element> take_projections(Stretches &stretches) const {
    if (description_.attends_to_itself) {
      auto *const all = stretches.take<Element>(query_rows() * projected());
      if (all == nullptr) return {};
      return {all, all + description_.features, all + 2 * description_.features};
    }
    Projections<Element> projections{};
    projections.query = stretches.take<Element>(query_rows() * description_.features);
    projections.key = stretches.take<Element>(key_rows() * description_.features);
    projections.value = stretches.take<Element>(key_rows() * description_.features);
    return projections;
  }

  Kept take_kept(Stretches &stretches) const {
    Kept kept{};
    kept.projections = take_projections(stretches);
    kept.probabilities = stretches.take<Element>(score_count());
    kept.context = stretches.take<Element>(query_rows() * description_.features);
    kept.random = stretches.take<RandomStream>(1);
    return kept;
  }

  // Behind what is kept, where that is not kept: the probabilities after dropout.
  int64_t take_forward_scratch(Stretches &stretches) const {
    if (description_.dropout > 0) stretches.take<Element>(score_count());
    return stretches.nbytes();
  }

  Scratch take_backward_scratch(Stretches &stretches) const {
    Scratch scratch{};
    scratch.projections = take_projections(stretches);
    scratch.scores = stretches.take<Element>(score_count());
    scratch.context = stretches.take<Element>(query_rows() * description_.features);
    if (description_.dropout > 0) scratch.dropped = stretches.take<Element>(score_count());
    scratch.bias_sums = stretches.take<Element>(
        std::max({bias_gradient_scratch(query_rows(), projected()), bias_gradient_scratch(key_rows(), projected()),
                  bias_gradient_scratch(query_rows(), description_.features)}));
    return scratch;
  }

  // Rows of projections, of all heads; and those of one head.
  Operand head_of_projection(int64_t length) const {
    return {projected(), 1, length * projected(), description_.features / description_.heads};
  }
  Operand head_of_context() const {
    const int64_t features = description_.features;
    return {features, 1, description_.queries * features, features / description_.heads};
  }
  Operand head_of_scores() const {
    const int64_t count = description_.queries * description_.keys;
    return {description_.keys, 1, description_.heads * count, count};
  }

  PreparedProduct for_each_head(int64_t rows, int64_t columns, int64_t inner, const Operand &out, const Operand &left,
                                const Operand &right) const {
    return PreparedProduct({.dtype = description_.dtype,
                            .first = block_of(rows, columns, inner, out, left, right),
                            .batch = {description_.samples, description_.heads},
                            .out_strides = {out.sample_stride, out.head_stride},
                            .left_strides = {left.sample_stride, left.head_stride},
                            .right_strides = {right.sample_stride, right.head_stride}});
  }

  // out (rows, columns) = left (rows, inner) x right (inner, columns); all dense, or transposed.
  PreparedProduct for_all(int64_t rows, int64_t columns, int64_t inner, const Operand &left,
                          const Operand &right) const {
    return PreparedProduct({.dtype = description_.dtype,
                            .first = block_of(rows, columns, inner, {columns}, left, right),
                            .batch = {},
                            .out_strides = {},
                            .left_strides = {},
                            .right_strides = {}});
  }

  void prepare_forward() {
    const auto &[features, queries, keys] = std::array{description_.features, description_.queries, description_.keys};
    const int64_t head = features / description_.heads;
    const Operand projected_queries = head_of_projection(queries), projected_keys = head_of_projection(keys);
    const Operand input{features}, weight{features};
    products_.emplace(ForwardProducts{
        for_all(query_rows(), projected(), features, input, weight.transposed()),
        for_each_head(queries, keys, head, head_of_scores(), projected_queries, projected_keys.transposed()),
        for_each_head(queries, head, keys, head_of_context(), head_of_scores(), projected_keys),
        for_all(query_rows(), features, features, input, weight.transposed()), std::nullopt});
    if (!description_.attends_to_itself)
      products_->key_projection = for_all(key_rows(), features, features, input, weight.transposed());
  }

  void prepare_backward() {
    const auto &[features, queries, keys] = std::array{description_.features, description_.queries, description_.keys};
    const int64_t head = features / description_.heads;
    const Operand projected_queries = head_of_projection(queries), projected_keys = head_of_projection(keys);
    const Operand scores = head_of_scores(), dense{features}, projection{projected()};
    gradient_products_.emplace(
        GradientProducts{for_all(features, features, query_rows(), dense.transposed(), dense),
                         for_all(query_rows(), features, features, dense, dense),
                         for_each_head(queries, keys, head, scores, head_of_context(), projected_keys.transposed()),
                         for_each_head(keys, head, queries, projected_keys, scores.transposed(), head_of_context()),
                         for_each_head(queries, head, keys, projected_queries, scores, projected_keys),
                         for_each_head(keys, head, queries, projected_keys, scores.transposed(), projected_queries),
                         for_all(projected(), features, query_rows(), projection.transposed(), dense),
                         for_all(query_rows(), features, projected(), projection, dense), std::nullopt, std::nullopt});
    if (description_.attends_to_itself) return;
    gradient_products_->key_weight = for_all(features, features, key_rows(), dense.transposed(), dense);
    gradient_products_->key_input = for_all(key_rows(), features, features, dense, dense);
  }

  void add_bias(Element *to, const std::byte *biases, int64_t first, int64_t rows, int64_t columns) const {
    add_bias_and_activate_rows<Element>({}, to, to, elements<Element>(biases) + first, rows, columns);
  }

  void project(const ForwardCall &call, const Projections<Element> &to) {
    const auto take = [&](PreparedProduct &product, Element *projection, size_t number, int64_t rows) {
      const int64_t first = static_cast<int64_t>(number) * description_.features;
      const Element *weight = elements<Element>(call.parameters[0]) + first * description_.features;
      product.run(bytes(projection), call.inputs[number], bytes(weight));
      if (description_.has_bias) add_bias(projection, call.parameters[1], first, rows, projected());
    };
    take(products_->query_projection, to.query, 0, query_rows());
    if (description_.attends_to_itself) return;
    take(*products_->key_projection, to.key, 1, key_rows());
    take(*products_->key_projection, to.value, 2, key_rows());
  }

  void finish_out_projection(const BackwardCall &call, const Kept &kept, const Scratch &memory) {
    const size_t weight = out_weight();
    if (call.parameter_gradients[weight] != nullptr)
      gradient_products_->out_weight.run(call.parameter_gradients[weight], call.output_gradient, bytes(kept.context));
    if (description_.has_bias)
      sum_bias(elements<Element>(call.output_gradient), call.parameter_gradients[3], 0, memory, query_rows(),
               description_.features);
    gradient_products_->context.run(bytes(memory.context), call.output_gradient, call.parameters[weight]);
  }

  void finish_in_projections(const BackwardCall &call, const Scratch &memory) {
    const auto finish = [&](PreparedProduct &weights, PreparedProduct &inputs, Element *gradient, size_t number,
                            int64_t rows) {
      const int64_t first = static_cast<int64_t>(number) * description_.features, count = first * description_.features;
      if (call.parameter_gradients[0] != nullptr)
        weights.run(bytes(elements<Element>(call.parameter_gradients[0]) + count), bytes(gradient),
                    call.inputs[number]);
      if (description_.has_bias) sum_bias(gradient, call.parameter_gradients[1], first, memory, rows, projected());
      if (call.input_gradients[number] != nullptr)
        inputs.run(call.input_gradients[number], bytes(gradient), bytes(elements<Element>(call.parameters[0]) + count));
    };
    auto &products = *gradient_products_;
    finish(products.query_weight, products.query_input, memory.projections.query, 0, query_rows());
    if (description_.attends_to_itself) return;
    finish(*products.key_weight, *products.key_input, memory.projections.key, 1, key_rows());
    finish(*products.key_weight, *products.key_input, memory.projections.value, 2, key_rows());
  }

  void sum_bias(Element *gradient, std::byte *to, int64_t first, const Scratch &memory, int64_t rows,
                int64_t columns) const {
    if (to == nullptr) return;
    activation_gradient_rows<Element>({}, gradient, nullptr, elements<Element>(to) + first, memory.bias_sums, rows,
                                      columns);
  }

  // Elements of from, some of them 0 and the others larger: the same ones for the same numbers.
  void drop(Element *to, const Element *from, RandomStream random) const {
    const auto dropout = static_cast<float>(description_.dropout);
    const auto factor = static_cast<Element>(1 / (1 - description_.dropout));  // of none, where all are dropped
    constexpr int64_t most = 1024;
    parallel_for(score_count(), 8 * most, [&](Range range) {
      std::array<float, most> drawn;
      for (int64_t first = range.begin; first < range.end; first += most) {
        const int64_t count = std::min(most, range.end - first);
        fill_uniform_f32({drawn.data(), static_cast<size_t>(count)}, random, static_cast<uint64_t>(first));
        for (int64_t index = 0; index < count; ++index)
          to[first + index] = drawn[static_cast<size_t>(index)] < dropout ? Element{0} : from[first + index] * factor;
      }
    });
  }

  const AttentionDescription description_;
  const bool has_backward_;
  const ScoreRows scores_{
      description_.queries, description_.keys, description_.is_causal,
      std::sqrt(static_cast<double>(description_.heads) / static_cast<double>(description_.features))};
  std::optional<ForwardProducts> products_;
  std::optional<GradientProducts> gradient_products_;
  const AttentionKernels<Element> &kernels_ = attention_kernels<Element>();
};

}  // namespace

std::unique_ptr<Operation> make_attention_operation(const AttentionDescription &description, bool has_backward) {
  if (description.dtype == DType::float64)
    return std::make_unique<AttentionOperation<double>>(description, has_backward);
  return std::make_unique<AttentionOperation<float>>(description, has_backward);
}

}  // namespace penstock::core::nn
