#include "core/nn/layers/dropout.h"

#include <algorithm>
#include <cstring>

#include "core/base/thread_pool.h"
#include "core/nn/layers/inputs.h"
#include "core/ops/kernels/random_kernels.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t grain = int64_t{1} << 14;  // elements that take some ten microseconds
constexpr int64_t drawn_at_once = 512;
static_assert(grain % drawn_at_once == 0);

// Values first, first + 1, ..., of which first is a multiple of drawn_at_once.
void draw(float *values, RandomStream stream, int64_t first) {
  uint32_t words[drawn_at_once];
  random_kernels().words(words, stream, static_cast<uint64_t>(first / 4), drawn_at_once / 4);
  random_kernels().uniform_f32(values, words, drawn_at_once);
}
void draw(double *values, RandomStream stream, int64_t first) {
  uint32_t words[2 * drawn_at_once];
  constexpr uint64_t first_block = uint64_t{1} << 63;
  random_kernels().words(words, stream, first_block + static_cast<uint64_t>(first / 2), drawn_at_once / 2);
  random_kernels().uniform_f64(values, words, drawn_at_once);
}

template <typename Element>
class DropoutOperation : public Operation {
 public:
  DropoutOperation(double rate, const ValueOutline &output, bool is_training)
      : rate_(static_cast<Element>(rate)),
        scale_(static_cast<Element>(1 / (1 - rate))),
        output_(output),
        drops_(is_training && rate > 0) {}

  std::string_view name() const override { return "dropout"; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override {
    const double flops = drops_ ? static_cast<double>(output_.element_count()) : 0;
    return {.kept_nbytes = drops_ ? output_.element_count() : 0,
            .may_run_in_place = true,
            .forward_flops = flops,
            .backward_flops = flops};
  }

  void forward(const ForwardCall &call) override {
    if (!drops_) return move(call.output, call.inputs[0]);
    auto *out = elements<Element>(call.output);
    const auto *in = elements<Element>(call.inputs[0]);
    auto *stays = elements<uint8_t>(call.kept);
    const RandomStream random = call.random;
    const Element rate = rate_;  // bytes that are written may be anything's but this one's
    parallel_for(output_.element_count(), grain, [=, this](Range range) {
      Element drawn[drawn_at_once];
      for (int64_t first = range.begin; first < range.end; first += drawn_at_once) {
        const int64_t count = std::min(drawn_at_once, range.end - first);
        draw(drawn, random, first);
        for (int64_t index = 0; index < count; ++index)
          stays[first + index] = static_cast<uint8_t>(drawn[index] >= rate);
        thin_out(out + first, in + first, stays + first, count);
      }
    });
  }

  void backward(const BackwardCall &call) override {
    if (call.input_gradients[0] == nullptr) return;
    if (!drops_) return move(call.input_gradients[0], call.output_gradient);
    auto *to = elements<Element>(call.input_gradients[0]);
    const auto *from = elements<Element>(call.output_gradient);
    const auto *stays = elements<uint8_t>(call.kept);
    parallel_for(output_.element_count(), grain, [&](Range range) {
      thin_out(to + range.begin, from + range.begin, stays + range.begin, range.size());
    });
  }

 private:
  void move(std::byte *to, const std::byte *from) const {
    if (to != from) std::memcpy(to, from, static_cast<size_t>(output_.nbytes()));
  }

  void thin_out(Element *to, const Element *from, const uint8_t *stays, int64_t count) const {
    for (int64_t index = 0; index < count; ++index) to[index] = from[index] * (scale_ * stays[index]);
  }

  const Element rate_, scale_;
  const ValueOutline output_;
  const bool drops_;
};

class DropoutLayer : public Layer {
 public:
  DropoutLayer(double rate, DType dtype) : Layer(dtype), rate_(rate) {}

  std::string_view kind() const override { return "dropout"; }
  Json::Object settings() const override {
    Json::Object settings;
    settings.emplace_back("rate", rate_);
    return settings;
  }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    const ValueOutline &outline = inputs[0].outline;
    if (dtype() == DType::float64)
      return tracer.add(std::make_unique<DropoutOperation<double>>(rate_, outline, tracer.is_training()), inputs, {});
    return tracer.add(std::make_unique<DropoutOperation<float>>(rate_, outline, tracer.is_training()), inputs, {});
  }

 private:
  const double rate_;
};

}  // namespace

std::shared_ptr<Layer> make_dropout(Settings &settings, DType dtype) {
  const double rate = settings.number("rate", 0.5, 0, 1);
  if (rate >= 1) settings.refuse("rate", rate, "a number from 0 to below 1");
  return std::make_shared<DropoutLayer>(rate, dtype);
}

}  // namespace penstock::core::nn
