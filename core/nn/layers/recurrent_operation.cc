#include "core/nn/layers/recurrent_operation.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/linalg/block.h"
#include "core/linalg/products.h"

namespace penstock::core::nn {
namespace {

template <typename Element>
RecurrentKernels<Element> find_recurrent_kernels(RecurrentCell cell) {
  return processor_has_64_byte_vectors()   ? recurrent_kernels_64<Element>(cell)
         : processor_has_32_byte_vectors() ? recurrent_kernels_32<Element>(cell)
                                           : recurrent_kernels_16<Element>(cell);
}

// Arrays one behind the other in one piece of memory.
class ArrayPlaces {
 public:
  explicit ArrayPlaces(int64_t element_nbytes) : element_nbytes_(element_nbytes) {}

  int64_t take(int64_t count) { return take_bytes(count * element_nbytes_); }
  int64_t take_bytes(int64_t nbytes) {
    const int64_t offset = nbytes_;
    nbytes_ += (nbytes + 63) / 64 * 64;
    return offset;
  }
  int64_t nbytes() const { return nbytes_; }

 private:
  int64_t element_nbytes_;
  int64_t nbytes_ = 0;
};

// Rows of a matrix that is read again and again lie an odd number of cache lines apart, so that they do not share a set.
int64_t padded(int64_t columns, int64_t element_nbytes) {
  const int64_t line = 64 / element_nbytes, lines = (columns + line - 1) / line;
  return (lines | 1) * line;
}

// to[column, row] = from[row, column]
template <typename Element>
void transpose(Element *to, int64_t to_stride, const Element *from, int64_t rows, int64_t columns) {
  constexpr int64_t side = 16;
  parallel_for(rows, std::max<int64_t>(side, ((int64_t{1} << 16) / columns + side) / side * side), [&](Range range) {
    for (int64_t first_row = range.begin; first_row < range.end; first_row += side)
      for (int64_t first_column = 0; first_column < columns; first_column += side)
        for (int64_t column = first_column; column < std::min(columns, first_column + side); ++column)
          for (int64_t row = first_row; row < std::min(range.end, first_row + side); ++row)
            to[column * to_stride + row] = from[row * columns + column];
  });
}

// sums[column] over all rows, which are added in stretches of a fixed length, and these one after the other.
template <typename Element>
void sum_columns(Element *sums, const Element *matrix, int64_t rows, int64_t columns) {
  constexpr int64_t width = 64, stretch = 64;
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / (width * std::max<int64_t>(rows, 1))) * width;
  parallel_for(columns, grain, [&](Range range) {
    for (int64_t first = range.begin; first < range.end; first += width) {
      const int64_t count = std::min(width, range.end - first);
      Element total[width] = {};
      for (int64_t begin = 0; begin < rows; begin += stretch) {
        Element part[width] = {};
        for (int64_t row = begin; row < std::min(rows, begin + stretch); ++row)
          for (int64_t column = 0; column < count; ++column) part[column] += matrix[row * columns + first + column];
        for (int64_t column = 0; column < count; ++column) total[column] += part[column];
      }
      std::copy_n(total, count, sums + first);
    }
  });
}

// Arrays are (steps, batch, ...) here, in the order in which steps are read: what a step works on then lies in one stretch,
// and a product over all steps is one of two matrices.  Steps depend on each other but samples do not: the threads share out
// the samples, and each goes through all steps of its own.
template <typename Element>
class RecurrentOperation : public Operation {
 public:
  RecurrentOperation(const RecurrentForm &form, const ValueOutline &input, bool has_backward)
      : form_(form),
        dtype_(input.dtype),
        batch_(input.shape[0]),
        steps_(input.shape[1]),
        gates_(form.gate_count() * form.units),
        grain_(rows_of_a_shard()),
        has_backward_(has_backward),
        kernels_(find_recurrent_kernels<Element>(form.cell)),
        block_kernel_(find_block_kernel(input.dtype)) {
    place_arrays();
    prepare_products();
  }

  std::string_view name() const override { return form_.cell == RecurrentCell::lstm ? "lstm" : "gru"; }

  ValueOutline output() const override {
    if (form_.return_sequences) return {{batch_, steps_, form_.units}, dtype_};
    return {{batch_, form_.units}, dtype_};
  }

  OperationNeeds needs() const override {
    const double flops = 2.0 * static_cast<double>(batch_ * steps_) * static_cast<double>(gates_) *
                         static_cast<double>(form_.in_features + form_.units);
    OperationNeeds needs;
    needs.kept_nbytes = has_backward_ ? kept_.nbytes : 0;
    needs.scratch_nbytes = has_backward_ ? std::max(forward_.nbytes, backward_.nbytes) : kept_.nbytes + forward_.nbytes;
    needs.forward_flops = flops;
    needs.backward_flops = 2.0 * flops;
    return needs;
  }

  void forward(const ForwardCall &call) override {
    std::byte *kept = has_backward_ ? call.kept : call.scratch;
    std::byte *scratch = has_backward_ ? call.scratch : call.scratch + kept_.nbytes;
    to_steps(elements<Element>(kept + kept_.inputs), elements<Element>(call.inputs[0]), form_.in_features);
    input_product_->run(kept + kept_.gates, kept + kept_.inputs, call.parameters[0]);
    transpose(elements<Element>(scratch + forward_.matrix), padded(gates_, element_nbytes),
              elements<Element>(call.parameters[1]), gates_, form_.units);
    write_bias(elements<Element>(scratch + forward_.bias), call.parameters);
    parallel_for(batch_, grain_, [&](Range samples) { run_forward(samples, kept, scratch); });
    const auto *hidden = elements<Element>(kept + kept_.hidden) + batch_ * form_.units;
    if (form_.return_sequences)
      from_steps(elements<Element>(call.output), hidden, form_.units);
    else
      copy_elements(elements<Element>(call.output), hidden + (steps_ - 1) * batch_ * form_.units, batch_ * form_.units);
  }

  void backward(const BackwardCall &call) override {
    std::byte *scratch = call.scratch;
    std::byte *gradients = scratch + backward_.gates;
    std::byte *recurrent = is_gru() ? scratch + backward_.recurrent_gates : gradients;
    copy_matrix(elements<Element>(scratch + backward_.matrix), elements<Element>(call.parameters[1]));
    parallel_for(batch_, grain_, [&](Range samples) { run_backward(samples, call); });
    const auto gradient_of = [&](size_t parameter) { return call.parameter_gradients[parameter]; };
    if (gradient_of(0) != nullptr) weight_product_->run(gradient_of(0), gradients, call.kept + kept_.inputs);
    if (gradient_of(1) != nullptr) recurrent_weight_product_->run(gradient_of(1), recurrent, call.kept + kept_.hidden);
    if (form_.use_bias) write_bias_gradients(elements<Element>(gradients), elements<Element>(recurrent), call);
    if (call.input_gradients[0] == nullptr) return;
    input_gradient_product_->run(scratch + backward_.inputs, gradients, call.parameters[0]);
    from_steps(elements<Element>(call.input_gradients[0]), elements<Element>(scratch + backward_.inputs),
               form_.in_features);
  }

 private:
  static constexpr int64_t element_nbytes = sizeof(Element);

  bool is_gru() const { return form_.cell == RecurrentCell::gru; }

  // Shards enough for many threads, each worth its start, and none of fewer rows than products are fast with: the larger the
  // matrix that each step reads, the more.
  int64_t rows_of_a_shard() const {
    constexpr int64_t most_shards = 16, shard_work = int64_t{1} << 20, row_step = 8;
    const int64_t matrix = gates_ * form_.units;
    const int64_t least_rows = matrix * element_nbytes <= (int64_t{1} << 18) ? row_step : 2 * row_step;
    const double work = static_cast<double>(matrix) * static_cast<double>(batch_ * steps_);
    const auto worth = static_cast<int64_t>(work / static_cast<double>(shard_work));
    const int64_t shards = std::max<int64_t>(1, std::min({most_shards, batch_ / least_rows, worth}));
    return std::max<int64_t>(1, (batch_ + shards * row_step - 1) / (shards * row_step)) * row_step;
  }

  void place_arrays() {
    const int64_t rows = batch_ * steps_, units = form_.units, shards = shard_count(batch_, grain_);
    ArrayPlaces kept(element_nbytes), forward(element_nbytes), backward(element_nbytes);
    kept_.inputs = kept.take(rows * form_.in_features);
    kept_.gates = kept.take(rows * gates_);
    kept_.hidden = kept.take((rows + batch_) * units);  // that before the first step too
    if (!is_gru()) kept_.cells = kept.take((rows + batch_) * units);
    kept_.extra = kept.take(rows * units);
    kept_.nbytes = kept.nbytes();
    forward_.matrix = forward.take(units * padded(gates_, element_nbytes));
    forward_.bias = forward.take(4 * units);
    forward_.recurrent = forward.take(batch_ * gates_);
    workspace_nbytes_ = std::max(workspace_nbytes(forward_block(nullptr, nullptr, nullptr)),
                                 workspace_nbytes(backward_block(nullptr, nullptr, nullptr)));
    forward_.workspaces = forward.take_bytes(shards * workspace_nbytes_);
    forward_.nbytes = forward.nbytes();
    backward_.gates = backward.take(rows * gates_);
    if (is_gru()) backward_.recurrent_gates = backward.take(rows * gates_);
    backward_.inputs = backward.take(rows * form_.in_features);
    backward_.matrix = backward.take(gates_ * padded(units, element_nbytes));
    backward_.hidden = backward.take(batch_ * units);
    backward_.carried = backward.take(batch_ * units);
    backward_.workspaces = backward.take_bytes(shards * workspace_nbytes_);
    backward_.nbytes = backward.nbytes();
  }

  // Of the first shard's rows, and of the last one's, which may be fewer.
  int64_t workspace_nbytes(Block block) const {
    int64_t most = 0;
    for (const int64_t rows : {std::min(grain_, batch_), (batch_ - 1) % grain_ + 1}) {
      block.rows = rows;
      if (batch_ > 0) most = std::max(most, block_kernel_.workspace_nbytes(block));
    }
    return (most + 63) / 64 * 64;
  }

  PreparedProduct product(Block block) const {
    Products products;
    products.dtype = dtype_;
    products.first = block;
    return PreparedProduct(products);
  }

  void prepare_products() {
    const int64_t rows = batch_ * steps_, units = form_.units, features = form_.in_features;
    input_product_ = product({.out = {nullptr, gates_, 1},
                              .left = {nullptr, features, 1},
                              .right = {nullptr, 1, features},
                              .rows = rows,
                              .columns = gates_,
                              .inner = features});
    if (!has_backward_) return;
    weight_product_ = product({.out = {nullptr, features, 1},
                               .left = {nullptr, 1, gates_},
                               .right = {nullptr, features, 1},
                               .rows = gates_,
                               .columns = features,
                               .inner = rows});
    recurrent_weight_product_ = product({.out = {nullptr, units, 1},
                                         .left = {nullptr, 1, gates_},
                                         .right = {nullptr, units, 1},
                                         .rows = gates_,
                                         .columns = units,
                                         .inner = rows});
    input_gradient_product_ = product({.out = {nullptr, features, 1},
                                       .left = {nullptr, gates_, 1},
                                       .right = {nullptr, features, 1},
                                       .rows = rows,
                                       .columns = features,
                                       .inner = gates_});
  }

  // Products of one shard in one step; rows are to be set.
  Block forward_block(std::byte *out, std::byte *hidden, std::byte *matrix) const {
    return {.out = {out, gates_, 1},
            .left = {hidden, form_.units, 1},
            .right = {matrix, padded(gates_, element_nbytes), 1},
            .columns = gates_,
            .inner = form_.units};
  }
  Block backward_block(std::byte *out, std::byte *gates, std::byte *matrix) const {
    return {.out = {out, form_.units, 1},
            .left = {gates, gates_, 1},
            .right = {matrix, padded(form_.units, element_nbytes), 1},
            .columns = form_.units,
            .inner = gates_};
  }

  static void copy_elements(Element *to, const Element *from, int64_t count) {
    if (count > 0) std::memcpy(to, from, static_cast<size_t>(count * element_nbytes));
  }

  // Where the step that is read as number step stands in a sequence.
  int64_t place_of(int64_t step) const { return form_.reverse ? steps_ - 1 - step : step; }

  // How many samples of rows of size elements are worth a thread.
  int64_t copy_grain(int64_t size) const { return std::max<int64_t>(1, (int64_t{1} << 15) / (steps_ * size)); }

  void to_steps(Element *to, const Element *from, int64_t size) const {
    parallel_for(batch_, copy_grain(size), [&](Range samples) {
      for (int64_t step = 0; step < steps_; ++step)
        for (int64_t sample = samples.begin; sample < samples.end; ++sample)
          copy_elements(to + (step * batch_ + sample) * size, from + (sample * steps_ + place_of(step)) * size, size);
    });
  }
  void from_steps(Element *to, const Element *from, int64_t size) const {
    parallel_for(batch_, copy_grain(size), [&](Range samples) {
      for (int64_t step = 0; step < steps_; ++step)
        for (int64_t sample = samples.begin; sample < samples.end; ++sample)
          copy_elements(to + (sample * steps_ + place_of(step)) * size, from + (step * batch_ + sample) * size, size);
    });
  }

  void copy_matrix(Element *to, const Element *from) const {
    const int64_t stride = padded(form_.units, element_nbytes);
    for (int64_t row = 0; row < gates_; ++row) copy_elements(to + row * stride, from + row * form_.units, form_.units);
  }

  // Both biases are added to the same sum, but for a GRU's candidate.
  void write_bias(Element *bias, std::span<std::byte *const> parameters) const {
    std::fill_n(bias, 4 * form_.units, Element{0});
    if (!form_.use_bias) return;
    const auto *input = elements<Element>(parameters[2]), *recurrent = elements<Element>(parameters[3]);
    const int64_t shared = is_gru() ? 2 * form_.units : gates_;
    for (int64_t unit = 0; unit < shared; ++unit) bias[unit] = input[unit] + recurrent[unit];
    if (!is_gru()) return;
    copy_elements(bias + shared, input + shared, form_.units);
    copy_elements(bias + gates_, recurrent + shared, form_.units);
  }

  void write_bias_gradients(const Element *gates, const Element *recurrent, const BackwardCall &call) const {
    auto *input_bias = elements<Element>(call.parameter_gradients[2]);
    auto *recurrent_bias = elements<Element>(call.parameter_gradients[3]);
    if (input_bias != nullptr) sum_columns(input_bias, gates, batch_ * steps_, gates_);
    if (recurrent_bias == nullptr) return;
    if (gates == recurrent && input_bias != nullptr)
      copy_elements(recurrent_bias, input_bias, gates_);
    else
      sum_columns(recurrent_bias, recurrent, batch_ * steps_, gates_);
  }

  void run_forward(Range samples, std::byte *kept, std::byte *scratch) const {
    const int64_t units = form_.units, rows = samples.size(), state = batch_ * units;
    Element *hidden = elements<Element>(kept + kept_.hidden) + samples.begin * units;
    Element *cells = is_gru() ? nullptr : elements<Element>(kept + kept_.cells) + samples.begin * units;
    Element *recurrent = elements<Element>(scratch + forward_.recurrent) + samples.begin * gates_;
    std::byte *workspace = scratch + forward_.workspaces + samples.begin / grain_ * workspace_nbytes_;
    std::fill_n(hidden, rows * units, Element{0});
    if (cells != nullptr) std::fill_n(cells, rows * units, Element{0});
    std::fill_n(recurrent, rows * gates_, Element{0});
    RecurrentForward<Element> step{.rows = rows,
                                   .units = units,
                                   .gates = elements<Element>(kept + kept_.gates) + samples.begin * gates_,
                                   .recurrent = recurrent,
                                   .bias = elements<Element>(scratch + forward_.bias),
                                   .hidden_before = hidden,
                                   .hidden = hidden + state,
                                   .cell_before = cells,
                                   .cell = cells == nullptr ? nullptr : cells + state,
                                   .extra = elements<Element>(kept + kept_.extra) + samples.begin * units};
    Block block = forward_block(reinterpret_cast<std::byte *>(recurrent), nullptr, scratch + forward_.matrix);
    block.rows = rows;
    for (int64_t number = 0; number < steps_; ++number) {
      if (number > 0) {
        block.left.data = reinterpret_cast<std::byte *>(hidden + number * state);
        block_kernel_.multiply(block, workspace);
      }
      kernels_.forward(step);
      step.gates += batch_ * gates_;
      step.hidden_before += state;
      step.hidden += state;
      step.extra += state;
      if (cells == nullptr) continue;
      step.cell_before += state;
      step.cell += state;
    }
  }

  // Adds what step number step gives to the output to what later steps have found.
  void add_output_gradient(Element *gradient, const Element *output, Range samples, int64_t step) const {
    if (!form_.return_sequences && step != steps_ - 1) return;
    const int64_t units = form_.units, rows_apart = form_.return_sequences ? steps_ * units : units;
    const Element *from = output + (form_.return_sequences ? place_of(step) * units : 0);
    for (int64_t sample = samples.begin; sample < samples.end; ++sample)
      for (int64_t unit = 0; unit < units; ++unit) gradient[sample * units + unit] += from[sample * rows_apart + unit];
  }

  void run_backward(Range samples, const BackwardCall &call) const {
    const int64_t units = form_.units, rows = samples.size();
    const std::byte *kept = call.kept;
    std::byte *scratch = call.scratch;
    Element *hidden_gradient = elements<Element>(scratch + backward_.hidden);
    Element *own_gradient = hidden_gradient + samples.begin * units;
    Element *carried = elements<Element>(scratch + backward_.carried) + samples.begin * units;
    std::byte *workspace = scratch + backward_.workspaces + samples.begin / grain_ * workspace_nbytes_;
    std::fill_n(own_gradient, rows * units, Element{0});
    std::fill_n(carried, rows * units, Element{0});
    Block block = backward_block(reinterpret_cast<std::byte *>(own_gradient), nullptr, scratch + backward_.matrix);
    block.rows = rows;
    for (int64_t number = steps_ - 1; number >= 0; --number) {
      const int64_t row = number * batch_ + samples.begin;
      Element *gates = elements<Element>(scratch + backward_.gates) + row * gates_;
      Element *recurrent = is_gru() ? elements<Element>(scratch + backward_.recurrent_gates) + row * gates_ : gates;
      add_output_gradient(hidden_gradient, elements<Element>(call.output_gradient), samples, number);
      kernels_.backward({.rows = rows,
                         .units = units,
                         .gates = elements<Element>(kept + kept_.gates) + row * gates_,
                         .hidden_before = elements<Element>(kept + kept_.hidden) + row * units,
                         .cell_before = is_gru() ? nullptr : elements<Element>(kept + kept_.cells) + row * units,
                         .extra = elements<Element>(kept + kept_.extra) + row * units,
                         .hidden_gradient = own_gradient,
                         .carried = carried,
                         .input_gradient = gates,
                         .recurrent_gradient = recurrent});
      if (number == 0) return;
      block.left.data = reinterpret_cast<std::byte *>(recurrent);
      block_kernel_.multiply(block, workspace);
    }
  }

  // Offsets in bytes.
  struct Kept {
    int64_t inputs = 0, gates = 0, hidden = 0, cells = 0, extra = 0, nbytes = 0;
  };
  struct ForwardScratch {
    int64_t matrix = 0, bias = 0, recurrent = 0, workspaces = 0, nbytes = 0;
  };
  struct BackwardScratch {
    int64_t gates = 0, recurrent_gates = 0, inputs = 0, matrix = 0, hidden = 0, carried = 0, workspaces = 0, nbytes = 0;
  };

  RecurrentForm form_;
  DType dtype_;
  int64_t batch_, steps_, gates_;
  int64_t grain_;  // samples of a shard
  bool has_backward_;
  RecurrentKernels<Element> kernels_;
  BlockKernel block_kernel_;
  int64_t workspace_nbytes_ = 0;  // of a shard
  Kept kept_;
  ForwardScratch forward_;
  BackwardScratch backward_;
  std::optional<PreparedProduct> input_product_, weight_product_, recurrent_weight_product_, input_gradient_product_;
};

}  // namespace

std::unique_ptr<Operation> make_recurrent_operation(const RecurrentForm &form, const ValueOutline &input,
                                                    bool has_backward) {
  if (input.dtype == DType::float64) return std::make_unique<RecurrentOperation<double>>(form, input, has_backward);
  return std::make_unique<RecurrentOperation<float>>(form, input, has_backward);
}

}  // namespace penstock::core::nn
