// Normalization of features over a batch.
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/normalization_kernels.h"
#include "core/nn/layers/inputs.h"
#include "core/nn/layers/normalization.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {
namespace {

struct BatchNormDescription {
  ChannelShape shape;
  double epsilon = 0, momentum = 0;
  bool is_affine = false;
  bool is_training = false, has_backward = false;
};

// Shards of some channels and some of their positions each.
class ChannelCut {
 public:
  explicit ChannelCut(const ChannelShape &shape)
      : shape_(shape),
        block_(shape.size == 1 ? 64 : 1),
        piece_(shape.size == 1 ? 512 : 32768),
        blocks_(shard_count(shape.channels, block_)),
        pieces_(shard_count(shape.positions(), piece_)) {
    constexpr int64_t shard_elements = 16384;  // that are worth a shard of their own
    grain_ = std::max<int64_t>(1, shard_elements / std::max<int64_t>(1, block_ * std::min(piece_, shape.positions())));
  }

  int64_t pieces() const { return pieces_; }

  // Calls body(part, piece) for each part; pieces of one channel have consecutive numbers.
  template <typename Body>
  void for_each(const Body &body) const {
    parallel_for(blocks_ * pieces_, grain_, [&](Range shards) {
      for (int64_t shard = shards.begin; shard < shards.end; ++shard) {
        const int64_t block = shard / pieces_, piece = shard % pieces_;
        body(ChannelPart{shard_range(block, shape_.channels, block_), shard_range(piece, shape_.positions(), piece_)},
             piece);
      }
    });
  }

  int64_t positions_of(int64_t piece) const { return shard_range(piece, shape_.positions(), piece_).size(); }

 private:
  ChannelShape shape_;
  int64_t block_, piece_, blocks_, pieces_;
  int64_t grain_ = 1;
};

template <typename Element>
class BatchNormOperation : public Operation {
 public:
  BatchNormOperation(const ValueOutline &outline, const BatchNormDescription &description)
      : outline_(outline), description_(description), channels_(description.shape.channels), cut_(description.shape) {}

  std::string_view name() const override { return "batch_norm"; }
  ValueOutline output() const override { return outline_; }

  OperationNeeds needs() const override {
    const auto elements = static_cast<double>(outline_.element_count());
    const bool sums_gradients = description_.has_backward && (description_.is_training || description_.is_affine);
    OperationNeeds needs{.backward_reads_inputs = sums_gradients,
                         .may_run_in_place = !sums_gradients,
                         .forward_flops = elements * (description_.is_training ? 7 : 3),
                         .backward_flops = elements * (description_.is_training ? 10
                                                       : sums_gradients         ? 5
                                                                                : 1)};
    constexpr int64_t size = sizeof(Element);
    if (description_.has_backward) needs.kept_nbytes = 2 * channels_ * size;
    needs.scratch_nbytes = description_.has_backward
                               ? sum_stride() * channels_ * int64_t{sizeof(double)} + 3 * channels_ * size
                               : channels_ * size;
    return needs;
  }

  void forward(const ForwardCall &call) override {
    if (description_.is_training)
      normalize_by_batch(call);
    else
      normalize_by_running(call);
  }

  void backward(const BackwardCall &call) override {
    if (description_.is_training)
      pass_batch(call);
    else
      pass_running(call);
  }

 private:
  // Numbers for each channel, in the scratch memory.
  struct Scratch {
    Scratch(std::byte *memory, int64_t sum_count, int64_t channels)
        : sums(elements<double>(memory)),
          factors(reinterpret_cast<Element *>(sums + sum_count)),
          slopes(factors + channels),
          shifts(slopes + channels) {}
    double *sums;  // two for each piece of each channel
    Element *factors, *slopes, *shifts;
  };

  // The statistics are those of the batch: each element's gradient reaches all of its channel.
  void pass_batch(const BackwardCall &call) {
    const Scratch scratch(call.scratch, sum_stride() * channels_, channels_);
    Element *const to = elements<Element>(call.input_gradients[0]);
    const Element *const from = elements<Element>(call.inputs[0]);
    const Element *const gradient = elements<Element>(call.output_gradient);
    const Element *const means = elements<Element>(call.kept);
    const auto finish = [&](Range channels) {
      for (int64_t channel = channels.begin; channel < channels.end; ++channel)
        finish_gradients(call, scratch, channel);
    };
    const auto write = [&](const ChannelPart &part) {
      if (to != nullptr)
        kernels_.channel_gradients(description_.shape, part, to, from, gradient,
                                   {means, scratch.factors, scratch.slopes, scratch.shifts});
    };
    cut_.for_each([&](const ChannelPart &part, int64_t piece) {
      double *const sums = scratch.sums + part.channels.begin * sum_stride() + 2 * piece;
      kernels_.channel_gradient_sums(description_.shape, part, from, gradient, means, sums, sum_stride());
      if (cut_.pieces() > 1) return;
      finish(part.channels);
      write(part);
    });
    if (cut_.pieces() == 1) return;
    finish({0, channels_});
    cut_.for_each([&](const ChannelPart &part, int64_t) { write(part); });
  }

  // The statistics are given: the way back of x * factor + shift.
  void pass_running(const BackwardCall &call) {
    const Scratch scratch(call.scratch, sum_stride() * channels_, channels_);
    Element *const to = elements<Element>(call.input_gradients[0]);
    const Element *const gradient = elements<Element>(call.output_gradient);
    if (description_.is_affine && (call.parameter_gradients[0] != nullptr || call.parameter_gradients[1] != nullptr))
      cut_.for_each([&](const ChannelPart &part, int64_t piece) {
        kernels_.channel_gradient_sums(description_.shape, part, elements<Element>(call.inputs[0]), gradient,
                                       elements<Element>(call.kept),
                                       scratch.sums + part.channels.begin * sum_stride() + 2 * piece, sum_stride());
      });
    for (int64_t channel = 0; channel < channels_; ++channel) {
      finish_parameter_gradients(call, scratch, channel);
      scratch.factors[channel] = static_cast<Element>(gradient_factor(call, channel));
      scratch.slopes[channel] = 0;  // what move_channels() takes away
    }
    if (to == nullptr) return;
    cut_.for_each([&](const ChannelPart &part, int64_t) {
      kernels_.move_channels(description_.shape, part, to, gradient, {scratch.slopes, scratch.factors, nullptr});
    });
  }

  int64_t sum_stride() const { return 2 * cut_.pieces(); }
  size_t running() const { return description_.is_affine ? 2 : 0; }
  const Element *bias(const ForwardCall &call) const {
    return description_.is_affine ? elements<Element>(call.parameters[1]) : nullptr;
  }

  void normalize_by_running(const ForwardCall &call) {
    const Element *const means = elements<Element>(call.parameters[running()]);
    const Element *const variances = elements<Element>(call.parameters[running() + 1]);
    const Element *const weights = description_.is_affine ? elements<Element>(call.parameters[0]) : nullptr;
    auto *const factors = elements<Element>(call.scratch);
    auto *const kept = elements<Element>(call.kept);  // backward() may run after the statistics have moved on
    for (int64_t channel = 0; channel < channels_; ++channel) {
      const double scale = 1 / std::sqrt(static_cast<double>(variances[channel]) + description_.epsilon);
      factors[channel] = static_cast<Element>(weights == nullptr ? scale : scale * weights[channel]);
      if (kept == nullptr) continue;
      kept[channel] = means[channel];
      kept[channels_ + channel] = static_cast<Element>(scale);
    }
    cut_.for_each([&](const ChannelPart &part, int64_t) {
      kernels_.move_channels(description_.shape, part, elements<Element>(call.output),
                             elements<Element>(call.inputs[0]), {means, factors, bias(call)});
    });
  }

  // Where a channel is one piece, all is done while its elements are in the cache.
  void normalize_by_batch(const ForwardCall &call) {
    const Scratch scratch(call.scratch, sum_stride() * channels_, channels_);
    const Element *const from = elements<Element>(call.inputs[0]);
    const auto finish = [&](Range channels) {
      for (int64_t channel = channels.begin; channel < channels.end; ++channel)
        finish_statistics(call, scratch, channel);
    };
    const auto write = [&](const ChannelPart &part) {
      kernels_.move_channels(description_.shape, part, elements<Element>(call.output), from,
                             {elements<Element>(call.kept), scratch.factors, bias(call)});
    };
    cut_.for_each([&](const ChannelPart &part, int64_t piece) {
      double *const moments = scratch.sums + part.channels.begin * sum_stride() + 2 * piece;
      kernels_.channel_moments(description_.shape, part, from, moments, sum_stride());
      if (cut_.pieces() > 1) return;
      finish(part.channels);
      write(part);
    });
    if (cut_.pieces() <= 1) return;
    finish({0, channels_});
    cut_.for_each([&](const ChannelPart &part, int64_t) { write(part); });
  }

  // Joins the pieces' moments, and moves the running statistics.
  void finish_statistics(const ForwardCall &call, const Scratch &scratch, int64_t channel) {
    const double *const moments = scratch.sums + channel * sum_stride();
    double mean = moments[0], squares = moments[1];
    auto count = static_cast<double>(cut_.positions_of(0));
    for (int64_t piece = 1; piece < cut_.pieces(); ++piece) {
      const auto more = static_cast<double>(cut_.positions_of(piece));
      const double apart = moments[2 * piece] - mean;
      squares += moments[2 * piece + 1] + apart * apart * count * more / (count + more);
      mean += apart * more / (count + more);
      count += more;
    }
    const double scale = 1 / std::sqrt(squares / count + description_.epsilon);
    auto *const kept = elements<Element>(call.kept);
    kept[channel] = static_cast<Element>(mean);
    kept[channels_ + channel] = static_cast<Element>(scale);
    const double weight =
        description_.is_affine ? static_cast<double>(elements<Element>(call.parameters[0])[channel]) : 1;
    scratch.factors[channel] = static_cast<Element>(scale * weight);
    const auto move = [&](std::byte *memory, double target) {
      Element &number = elements<Element>(memory)[channel];
      number = static_cast<Element>((1 - description_.momentum) * static_cast<double>(number) +
                                    description_.momentum * target);
    };
    move(call.parameters[running()], mean);
    move(call.parameters[running() + 1], squares / (count - 1));
  }

  // Over a channel, of dy and of dy * (x - mean).
  struct GradientSums {
    double plain = 0, product = 0;
  };
  GradientSums joined_sums(const Scratch &scratch, int64_t channel) const {
    const double *const sums = scratch.sums + channel * sum_stride();
    GradientSums joined;
    for (int64_t piece = 0; piece < cut_.pieces(); ++piece) {
      joined.plain += sums[2 * piece];
      joined.product += sums[2 * piece + 1];
    }
    return joined;
  }

  double kept_scale(const BackwardCall &call, int64_t channel) const {
    return static_cast<double>(elements<Element>(call.kept)[channels_ + channel]);
  }
  double gradient_factor(const BackwardCall &call, int64_t channel) const {
    const double scale = kept_scale(call, channel);
    return description_.is_affine ? scale * static_cast<double>(elements<Element>(call.parameters[0])[channel]) : scale;
  }

  void finish_parameter_gradients(const BackwardCall &call, const Scratch &scratch, int64_t channel) const {
    if (!description_.is_affine) return;
    const auto [sum, product] = joined_sums(scratch, channel);
    if (std::byte *const weight = call.parameter_gradients[0])
      elements<Element>(weight)[channel] =
          static_cast<Element>(cut_.pieces() == 0 ? 0 : product * kept_scale(call, channel));
    if (std::byte *const bias = call.parameter_gradients[1])
      elements<Element>(bias)[channel] = static_cast<Element>(sum);
  }

  void finish_gradients(const BackwardCall &call, const Scratch &scratch, int64_t channel) const {
    finish_parameter_gradients(call, scratch, channel);
    const auto [sum, product] = joined_sums(scratch, channel);
    const double scale = kept_scale(call, channel), factor = gradient_factor(call, channel);
    const auto count = static_cast<double>(description_.shape.positions());
    scratch.factors[channel] = static_cast<Element>(factor);
    scratch.slopes[channel] = static_cast<Element>(factor * scale * scale * product / count);
    scratch.shifts[channel] = static_cast<Element>(factor * sum / count);
  }

  const ValueOutline outline_;
  const BatchNormDescription description_;
  const int64_t channels_;
  const ChannelCut cut_;
  const NormalizationKernels<Element> &kernels_ = normalization_kernels<Element>();
};

class BatchNormLayer : public Layer {
 public:
  BatchNormLayer(DType dtype, int64_t features, double epsilon, double momentum, bool is_affine)
      : Layer(dtype), features_(features), epsilon_(epsilon), momentum_(momentum), is_affine_(is_affine) {
    if (is_affine) {
      add_parameter("weight", {features}, Initializer("ones", "weight"));
      add_parameter("bias", {features}, Initializer());
    }
    add_parameter("running_mean", {features}, Initializer(), false);
    add_parameter("running_var", {features}, Initializer("ones", "running_var"), false);
  }

  std::string_view kind() const override { return "batch_norm"; }

  Json::Object settings() const override {
    Json::Object settings;
    settings.emplace_back("features", static_cast<uint64_t>(features_));
    settings.emplace_back("epsilon", epsilon_);
    settings.emplace_back("momentum", momentum_);
    settings.emplace_back("affine", is_affine_);
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    const ValueOutline &outline = inputs[0].outline;
    const Extents &given = outline.shape;
    if (given.size() < 2 || given.size() > 4 || given[1] != features_)
      fail(Status::invalid_argument, "batch_norm: an input has shape ", given,
           ": expected 2 to 4 axes, the second of size ", features_);
    ChannelShape shape{given[0], features_, 1};
    for (int32_t axis = 2; axis < given.size(); ++axis) shape.size *= given[axis];
    if (tracer.is_training() && shape.positions() == 1)
      fail(Status::invalid_argument, "batch_norm: an input has shape ", given,
           ": expected more than one value a feature in training, or there is no variance");
    const BatchNormDescription description{.shape = shape,
                                           .epsilon = epsilon_,
                                           .momentum = momentum_,
                                           .is_affine = is_affine_,
                                           .is_training = tracer.is_training(),
                                           .has_backward = tracer.has_backward()};
    std::unique_ptr<Operation> operation;
    if (dtype() == DType::float64)
      operation = std::make_unique<BatchNormOperation<double>>(outline, description);
    else
      operation = std::make_unique<BatchNormOperation<float>>(outline, description);
    return tracer.add(std::move(operation), inputs, parameter_list());
  }

 private:
  const int64_t features_;
  const double epsilon_, momentum_;
  const bool is_affine_;
};

}  // namespace

std::shared_ptr<Layer> make_batch_norm(Settings &settings, DType dtype) {
  const int64_t features = settings.required_integer("features", 1, largest_nbytes);
  const double epsilon = settings.number("epsilon", 1e-5, 0, 1e30);
  if (settings.has("momentum") && settings.value("momentum") == nullptr)  // torch's cumulative average
    settings.refuse("momentum", Json(), "a number from 0 to 1");
  const double momentum = settings.number("momentum", 0.1, 0, 1);
  return std::make_shared<BatchNormLayer>(dtype, features, epsilon, momentum, settings.boolean("affine", true));
}

}  // namespace penstock::core::nn
