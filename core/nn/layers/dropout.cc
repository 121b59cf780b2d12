#include "core/nn/layers/dropout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/thread_pool.h"
#include "core/nn/layers/inputs.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t grain = int64_t{1} << 14;  // elements that take some ten microseconds
constexpr int64_t drawn_at_once = 512;

void draw(std::span<float> values, RandomStream stream, uint64_t first) { fill_uniform_f32(values, stream, first); }
void draw(std::span<double> values, RandomStream stream, uint64_t first) { fill_uniform_f64(values, stream, first); }

// Keeps the stream alone: what was drawn forward is drawn again on the way back.
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
    return {.kept_nbytes = drops_ ? static_cast<int64_t>(sizeof(RandomStream)) : 0,
            .may_run_in_place = true,
            .forward_flops = flops,
            .backward_flops = flops};
  }
  void forward(const ForwardCall &call) override {
    if (drops_) std::memcpy(call.kept, &call.random, sizeof(call.random));
    thin_out(call.output, call.inputs[0], call.random);
  }
  void backward(const BackwardCall &call) override {
    if (call.input_gradients[0] == nullptr) return;
    RandomStream random;
    if (drops_) std::memcpy(&random, call.kept, sizeof(random));
    thin_out(call.input_gradients[0], call.output_gradient, random);
  }

 private:
  void thin_out(std::byte *to, const std::byte *from, RandomStream random) const {
    if (!drops_) {
      if (to != from) std::memcpy(to, from, static_cast<size_t>(output_.nbytes()));
      return;
    }
    auto *out = elements<Element>(to);
    const auto *in = elements<Element>(from);
    parallel_for(output_.element_count(), grain, [&](Range range) {
      Element drawn[drawn_at_once];
      for (int64_t first = range.begin; first < range.end; first += drawn_at_once) {
        const int64_t count = std::min(drawn_at_once, range.end - first);
        draw({drawn, static_cast<size_t>(count)}, random, static_cast<uint64_t>(first));
        for (int64_t index = 0; index < count; ++index) {
          const Element kept = in[first + index] * scale_;
          out[first + index] = drawn[index] < rate_ ? 0 : kept;
        }
      }
    });
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
