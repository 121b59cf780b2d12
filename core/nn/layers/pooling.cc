#include "core/nn/layers/pooling.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/pool_planes.h"
#include "core/nn/kernels/window_tiles.h"
#include "core/nn/layers/inputs.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {
namespace {

constexpr int64_t largest_setting = int64_t{1} << 30;
// Elements that are worth a shard of their own.
constexpr int64_t shard_elements = int64_t{1} << 14;

struct PoolSettings {
  bool is_maximum = true;
  std::vector<int64_t> kernel, stride, padding, dilation;  // of rows, of columns
  bool ceil_mode = false, count_include_pad = true;

  std::string_view kind() const { return is_maximum ? "max_pool_2d" : "avg_pool_2d"; }
  int64_t window(size_t axis) const { return dilation[axis] * (kernel[axis] - 1) + 1; }
};

void require_planes(const Layer &layer, std::span<const Value> inputs) {
  require_inputs(layer, inputs, 1);
  const ValueOutline &input = inputs[0].outline;
  const std::string_view kind = layer.kind();
  if (input.shape.size() != 4)
    fail(Status::invalid_argument, kind, ": the input's shape is ", input.shape,
         ": expected (samples, channels, rows, columns)");
  // Places in a plane are numbered in 32 bits.
  if (input.shape[2] < 1 || input.shape[3] < 1 || input.shape[2] > INT32_MAX / input.shape[3])
    fail(Status::invalid_argument, kind, ": the input's shape is ", input.shape, ": expected planes of 1 to ",
         INT32_MAX, " elements");
}

// body(plane number) for each plane, on the pool's threads.
template <typename Body>
void for_each_plane(int64_t planes, int64_t elements_each, const Body &body) {
  parallel_for(planes, std::max<int64_t>(1, shard_elements / elements_each), [&](Range range) {
    for (int64_t plane = range.begin; plane < range.end; ++plane) body(plane);
  });
}

template <typename Element>
class PoolOperation : public Operation {
 public:
  PoolOperation(bool is_maximum, PoolPlane plane, const ValueOutline &output)
      : is_maximum_(is_maximum),
        plane_(std::move(plane)),
        output_(output),
        planes_(output_.shape[0] * output_.shape[1]),
        from_(plane_.rows.source * plane_.columns.source),
        to_(plane_.rows.output * plane_.columns.output) {}

  std::string_view name() const override { return is_maximum_ ? "max_pool_2d" : "avg_pool_2d"; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override {
    const auto taps = static_cast<double>(plane_.rows.taps.size() * plane_.columns.taps.size());
    const auto elements = static_cast<double>(planes_ * to_);
    return {.kept_nbytes = is_maximum_ ? planes_ * to_ * static_cast<int64_t>(sizeof(int32_t)) : 0,
            .forward_flops = elements * taps,
            .backward_flops = elements * (is_maximum_ ? 1 : taps)};
  }

  void forward(const ForwardCall &call) override {
    const auto *from = elements<Element>(call.inputs[0]);
    auto *to = elements<Element>(call.output);
    auto *indices = elements<int32_t>(call.kept);
    for_each_plane(planes_, from_, [&](int64_t plane) {
      if (is_maximum_)
        kernels_.maximum(plane_, from + plane * from_, to + plane * to_,
                         indices == nullptr ? nullptr : indices + plane * to_);
      else
        kernels_.average(plane_, from + plane * from_, to + plane * to_);
    });
  }

  void backward(const BackwardCall &call) override {
    if (call.input_gradients[0] == nullptr) return;
    auto *to = elements<Element>(call.input_gradients[0]);
    auto *gradient = elements<Element>(call.output_gradient);
    const auto *indices = elements<int32_t>(call.kept);
    for_each_plane(planes_, from_, [&](int64_t plane) {
      if (is_maximum_)
        give_back(gradient + plane * to_, indices + plane * to_, to + plane * from_);
      else
        kernels_.average_gradient(plane_, gradient + plane * to_, to + plane * from_);
    });
  }

 private:
  void give_back(const Element *gradient, const int32_t *indices, Element *to) const {
    std::fill_n(to, from_, Element{});
    for (int64_t index = 0; index < to_; ++index)
      if (indices[index] >= 0) to[indices[index]] += gradient[index];
  }

  bool is_maximum_;
  PoolPlane plane_;
  ValueOutline output_;
  int64_t planes_, from_, to_;  // elements of a plane
  const PoolKernels<Element> &kernels_ = find_pool_kernels<Element>();
};

class PoolLayer : public Layer {
 public:
  PoolLayer(PoolSettings settings, DType dtype) : Layer(dtype), settings_(std::move(settings)) {}

  std::string_view kind() const override { return settings_.kind(); }

  Json::Object settings() const override {
    const auto list = [](const std::vector<int64_t> &numbers) {
      return Json(Json::Array(numbers.begin(), numbers.end()));
    };
    Json::Object settings;
    append(settings, "kernel_size", list(settings_.kernel));
    append(settings, "stride", list(settings_.stride));
    append(settings, "padding", list(settings_.padding));
    if (settings_.is_maximum) append(settings, "dilation", list(settings_.dilation));
    append(settings, "ceil_mode", settings_.ceil_mode);
    if (!settings_.is_maximum) append(settings, "count_include_pad", settings_.count_include_pad);
    return settings;
  }

  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_planes(*this, inputs);
    const ValueOutline &input = inputs[0].outline;
    PoolPlane plane{axis(input.shape, 0), axis(input.shape, 1)};
    const ValueOutline output{{input.shape[0], input.shape[1], plane.rows.output, plane.columns.output}, dtype()};
    checked_element_count(output.shape, dtype());
    std::unique_ptr<Operation> operation;
    if (dtype() == DType::float64)
      operation = std::make_unique<PoolOperation<double>>(settings_.is_maximum, std::move(plane), output);
    else
      operation = std::make_unique<PoolOperation<float>>(settings_.is_maximum, std::move(plane), output);
    return tracer.add(std::move(operation), inputs, {});
  }

 private:
  PoolAxis axis(const Extents &input, size_t number) const {
    const int64_t size = input[static_cast<int32_t>(number) + 2], stride = settings_.stride[number];
    const int64_t padding = settings_.padding[number], dilation = settings_.dilation[number];
    const int64_t room = size + 2 * padding - settings_.window(number);
    if (room < 0)
      fail(Status::invalid_argument, kind(), ": the input's shape is ", input, ", with padding ", size + 2 * padding,
           " elements along axis ", number + 2, ": expected at least ", settings_.window(number),
           ", the window's size");
    PoolAxis axis{.source = size, .output = room / stride + 1, .stride = stride, .taps = {}, .counts = {}};
    if (settings_.ceil_mode && room % stride != 0 && axis.output * stride < size + padding) ++axis.output;
    for (int64_t tap = 0; tap < settings_.kernel[number]; ++tap) {
      const int64_t offset = tap * dilation - padding;
      const int64_t begin = offset >= 0 ? 0 : shard_count(-offset, stride);
      const int64_t end = offset >= size ? 0 : std::min(axis.output, shard_count(size - offset, stride));
      if (begin < end) axis.taps.push_back({offset, begin, end});
    }
    if (!settings_.is_maximum) set_counts(axis, settings_.kernel[number], padding);
    return axis;
  }

  // Of a window that goes over the end of the padding itself, what lies beyond never counts.
  void set_counts(PoolAxis &axis, int64_t kernel, int64_t padding) const {
    for (int64_t index = 0; index < axis.output; ++index) {
      const int64_t begin = index * axis.stride - padding;
      const int64_t end = std::min(begin + kernel, axis.source + padding);
      axis.counts.push_back(settings_.count_include_pad ? end - begin
                                                        : std::min(end, axis.source) - std::max<int64_t>(begin, 0));
    }
  }

  PoolSettings settings_;
};

std::shared_ptr<Layer> make_pool(bool is_maximum, Settings &given, DType dtype) {
  PoolSettings settings;
  settings.is_maximum = is_maximum;
  settings.kernel = given.integers("kernel_size", 2, -1, 1, largest_setting);
  settings.stride = settings.kernel;
  if (given.value("stride") != nullptr) settings.stride = given.integers("stride", 2, 1, 1, largest_setting);
  settings.padding = given.integers("padding", 2, 0, 0, largest_setting);
  settings.dilation = is_maximum ? given.integers("dilation", 2, 1, 1, largest_setting) : std::vector<int64_t>{1, 1};
  settings.ceil_mode = given.boolean("ceil_mode", false);
  if (!is_maximum) settings.count_include_pad = given.boolean("count_include_pad", true);
  for (size_t axis = 0; axis < 2; ++axis)
    if (settings.padding[axis] > settings.window(axis) / 2)
      given.refuse(
          "padding", Json(Json::Array(settings.padding.begin(), settings.padding.end())),
          text("at most half a window, which has ", settings.window(0), " x ", settings.window(1), " elements"));
  return std::make_shared<PoolLayer>(std::move(settings), dtype);
}

template <typename Element>
class GlobalAveragePoolOperation : public Operation {
 public:
  explicit GlobalAveragePoolOperation(const ValueOutline &input)
      : planes_(input.shape[0] * input.shape[1]),
        size_(input.shape[2] * input.shape[3]),
        output_{{input.shape[0], input.shape[1]}, input.dtype} {}

  std::string_view name() const override { return "global_avg_pool_2d"; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override {
    const auto elements = static_cast<double>(planes_ * size_);
    return {.forward_flops = elements, .backward_flops = static_cast<double>(planes_)};
  }

  void forward(const ForwardCall &call) override {
    const auto *from = elements<Element>(call.inputs[0]);
    auto *to = elements<Element>(call.output);
    const auto sum = find_window_kernels<Element>().sum;
    for_each_plane(planes_, size_,
                   [&](int64_t plane) { to[plane] = sum(from + plane * size_, size_) / static_cast<Element>(size_); });
  }

  void backward(const BackwardCall &call) override {
    if (call.input_gradients[0] == nullptr) return;
    auto *to = elements<Element>(call.input_gradients[0]);
    const auto *gradient = elements<Element>(call.output_gradient);
    for_each_plane(planes_, size_, [&](int64_t plane) {
      std::fill_n(to + plane * size_, size_, gradient[plane] / static_cast<Element>(size_));
    });
  }

 private:
  int64_t planes_, size_;
  ValueOutline output_;
};

class GlobalAveragePoolLayer : public Layer {
 public:
  explicit GlobalAveragePoolLayer(DType dtype) : Layer(dtype) {}

  std::string_view kind() const override { return "global_avg_pool_2d"; }
  Json::Object settings() const override { return {}; }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_planes(*this, inputs);
    const ValueOutline &input = inputs[0].outline;
    std::unique_ptr<Operation> operation;
    if (dtype() == DType::float64)
      operation = std::make_unique<GlobalAveragePoolOperation<double>>(input);
    else
      operation = std::make_unique<GlobalAveragePoolOperation<float>>(input);
    return tracer.add(std::move(operation), inputs, {});
  }
};

}  // namespace

std::shared_ptr<Layer> make_max_pool_2d(Settings &settings, DType dtype) { return make_pool(true, settings, dtype); }

std::shared_ptr<Layer> make_avg_pool_2d(Settings &settings, DType dtype) { return make_pool(false, settings, dtype); }

std::shared_ptr<Layer> make_global_avg_pool_2d(Settings &, DType dtype) {
  return std::make_shared<GlobalAveragePoolLayer>(dtype);
}

}  // namespace penstock::core::nn
