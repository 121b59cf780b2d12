#include "core/nn/layers/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/nn/layers/inputs.h"
#include "core/ops/kernels.h"

namespace penstock::core::nn {
namespace {

using Normalisation = ActivationChoice::Normalisation;

constexpr int64_t grain = int64_t{1} << 13;  // elements that take some ten microseconds
constexpr int64_t stretch_length = 512;      // that are worked on at once, beside a buffer on the stack

// Elements as outer x size x inner, of which each column of size is normalised.
struct Axes {
  int64_t outer = 1, size = 1, inner = 1;
};

Axes axes_around(const Extents &shape, int32_t axis) {
  Axes axes;
  axes.size = shape[axis];
  for (int32_t each = 0; each < axis; ++each) axes.outer *= shape[each];
  for (int32_t each = axis + 1; each < shape.size(); ++each) axes.inner *= shape[each];
  return axes;
}

// In an order that count alone decides: eight sums side by side.
template <typename Element, typename Number>
Element sum_of(int64_t count, Number number) {
  constexpr int64_t width = 8;
  Element sums[width] = {};
  int64_t index = 0;
  for (; index + width <= count; index += width)
    for (int64_t lane = 0; lane < width; ++lane) sums[lane] += number(index + lane);
  for (int64_t lane = 0; index < count; ++index, ++lane) sums[lane] += number(index);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

// NaN is passed over: it is in the sum of the powers anyway.
template <typename Element>
Element largest_of(const Element *numbers, int64_t count) {
  constexpr int64_t width = 8;
  Element largest[width];
  std::fill_n(largest, width, -std::numeric_limits<Element>::infinity());
  int64_t index = 0;
  for (; index + width <= count; index += width)
    for (int64_t lane = 0; lane < width; ++lane) largest[lane] = std::max(largest[lane], numbers[index + lane]);
  for (int64_t lane = 0; index < count; ++index, ++lane) largest[lane] = std::max(largest[lane], numbers[index]);
  return *std::max_element(largest, largest + width);
}

template <typename Element>
class SoftmaxOperation : public Operation {
 public:
  SoftmaxOperation(Normalisation normalisation, const ValueOutline &output, int32_t axis, bool has_backward)
      : is_logarithm_(normalisation == Normalisation::log_softmax),
        output_(output),
        axes_(axes_around(output.shape, axis)),
        has_backward_(has_backward),
        exponential_(find_elementwise(core::Operation::exp, output.dtype)) {}

  std::string_view name() const override { return is_logarithm_ ? "log_softmax" : "softmax"; }
  ValueOutline output() const override { return output_; }
  OperationNeeds needs() const override {
    const auto count = static_cast<double>(output_.element_count());
    return {.backward_reads_output = has_backward_,
            .may_run_in_place = true,
            .forward_flops = 4 * count,
            .backward_flops = 4 * count};
  }

  void forward(const ForwardCall &call) override {
    const auto *in = elements<Element>(call.inputs[0]);
    auto *out = elements<Element>(call.output);
    for_each_part([&](int64_t first, int64_t count) { normalise_rows(out + first, in + first, count); },
                  [&](int64_t first, int64_t count) { normalise_columns(out + first, in + first, count); });
  }

  void backward(const BackwardCall &call) override {
    const auto *out = elements<Element>(call.output);
    const auto *given = elements<Element>(call.output_gradient);
    auto *to = elements<Element>(call.input_gradients[0]);
    if (to == nullptr) return;
    for_each_part([&](int64_t first, int64_t count) { rows_back(to + first, given + first, out + first, count); },
                  [&](int64_t first, int64_t count) { columns_back(to + first, given + first, out + first, count); });
  }

 private:
  // Calls rows(first element, count of rows), where they lie one after the other, else columns(first element, count of
  // columns side by side).
  template <typename Rows, typename Columns>
  void for_each_part(const Rows &rows, const Columns &columns) const {
    if (output_.element_count() == 0) return;
    if (axes_.inner == 1)
      return parallel_for(axes_.outer, std::max<int64_t>(1, grain / axes_.size),
                          [&](Range range) { rows(range.begin * axes_.size, range.size()); });
    const int64_t stretches = shard_count(axes_.inner, stretch_length);
    const int64_t elements_of_stretch = axes_.size * std::min(axes_.inner, stretch_length);
    parallel_for(axes_.outer * stretches, std::max<int64_t>(1, grain / elements_of_stretch), [&](Range range) {
      for (int64_t part = range.begin; part < range.end; ++part) {
        const Range inner = shard_range(part % stretches, axes_.inner, stretch_length);
        columns(part / stretches * axes_.size * axes_.inner + inner.begin, inner.size());
      }
    });
  }

  void raise(Element *to, const Element *from, int64_t count) const {
    constexpr int64_t strides[] = {sizeof(Element), sizeof(Element)};
    const auto *input = reinterpret_cast<const std::byte *>(from);
    exponential_(reinterpret_cast<std::byte *>(to), &input, strides, count);
  }

  void normalise_rows(Element *out, const Element *in, int64_t rows) const {
    const int64_t size = axes_.size;
    for (int64_t row = 0; row < rows; ++row) {
      const Element *from = in + row * size;
      Element *to = out + row * size;
      const Element largest = largest_of(from, size);
      for (int64_t index = 0; index < size; ++index) to[index] = from[index] - largest;
    }
    if (!is_logarithm_) raise(out, out, rows * size);
    for (int64_t row = 0; row < rows; ++row) {
      Element *to = out + row * size;
      if (is_logarithm_) {
        const Element shift = std::log(sum_of_powers(to));
        for (int64_t index = 0; index < size; ++index) to[index] -= shift;
      } else {
        const Element scale = 1 / sum_of<Element>(size, [&](int64_t index) { return to[index]; });
        for (int64_t index = 0; index < size; ++index) to[index] *= scale;
      }
    }
  }

  Element sum_of_powers(const Element *row) const {
    Element powers[stretch_length], sum = 0;
    for (int64_t first = 0; first < axes_.size; first += stretch_length) {
      const int64_t count = std::min(stretch_length, axes_.size - first);
      raise(powers, row + first, count);
      sum += sum_of<Element>(count, [&](int64_t index) { return powers[index]; });
    }
    return sum;
  }

  void normalise_columns(Element *out, const Element *in, int64_t columns) const {
    Element largest[stretch_length], sums[stretch_length] = {}, powers[stretch_length];
    std::fill_n(largest, columns, -std::numeric_limits<Element>::infinity());
    for (int64_t row = 0; row < axes_.size; ++row) {
      const Element *from = in + row * axes_.inner;
      for (int64_t index = 0; index < columns; ++index)
        largest[index] = from[index] > largest[index] ? from[index] : largest[index];
    }
    for (int64_t row = 0; row < axes_.size; ++row) {
      const Element *from = in + row * axes_.inner;
      Element *to = out + row * axes_.inner;
      for (int64_t index = 0; index < columns; ++index) to[index] = from[index] - largest[index];
      Element *const raised = is_logarithm_ ? powers : to;
      raise(raised, to, columns);
      for (int64_t index = 0; index < columns; ++index) sums[index] += raised[index];
    }
    for (int64_t index = 0; index < columns; ++index)
      sums[index] = is_logarithm_ ? std::log(sums[index]) : 1 / sums[index];
    for (int64_t row = 0; row < axes_.size; ++row) {
      Element *to = out + row * axes_.inner;
      if (is_logarithm_)
        for (int64_t index = 0; index < columns; ++index) to[index] -= sums[index];
      else
        for (int64_t index = 0; index < columns; ++index) to[index] *= sums[index];
    }
  }

  // Of softmax y (g - sum of g y), of its logarithm g - e^y (sum of g).
  void rows_back(Element *to, const Element *given, const Element *out, int64_t rows) const {
    const int64_t size = axes_.size;
    for (int64_t row = 0; row < rows; ++row, to += size, given += size, out += size) {
      const Element sum = is_logarithm_
                              ? sum_of<Element>(size, [&](int64_t index) { return given[index]; })
                              : sum_of<Element>(size, [&](int64_t index) { return given[index] * out[index]; });
      if (!is_logarithm_) {
        for (int64_t index = 0; index < size; ++index) to[index] = out[index] * (given[index] - sum);
        continue;
      }
      Element powers[stretch_length];
      for (int64_t first = 0; first < size; first += stretch_length) {
        const int64_t count = std::min(stretch_length, size - first);
        raise(powers, out + first, count);
        for (int64_t index = 0; index < count; ++index) to[first + index] = given[first + index] - powers[index] * sum;
      }
    }
  }

  void columns_back(Element *to, const Element *given, const Element *out, int64_t columns) const {
    Element sums[stretch_length] = {}, powers[stretch_length];
    for (int64_t row = 0; row < axes_.size; ++row) {
      const Element *g = given + row * axes_.inner, *y = out + row * axes_.inner;
      if (is_logarithm_)
        for (int64_t index = 0; index < columns; ++index) sums[index] += g[index];
      else
        for (int64_t index = 0; index < columns; ++index) sums[index] += g[index] * y[index];
    }
    for (int64_t row = 0; row < axes_.size; ++row) {
      const Element *g = given + row * axes_.inner, *y = out + row * axes_.inner;
      Element *result = to + row * axes_.inner;
      if (is_logarithm_) {
        raise(powers, y, columns);
        for (int64_t index = 0; index < columns; ++index) result[index] = g[index] - powers[index] * sums[index];
      } else {
        for (int64_t index = 0; index < columns; ++index) result[index] = y[index] * (g[index] - sums[index]);
      }
    }
  }

  const bool is_logarithm_;
  const ValueOutline output_;
  const Axes axes_;
  const bool has_backward_;
  const ElementwiseKernel exponential_;
};

class SoftmaxLayer : public Layer {
 public:
  SoftmaxLayer(Normalisation normalisation, int32_t axis, DType dtype)
      : Layer(dtype), normalisation_(normalisation), axis_(axis) {}

  std::string_view kind() const override {
    return normalisation_ == Normalisation::softmax ? "softmax" : "log_softmax";
  }
  Json::Object settings() const override {
    Json::Object settings;
    append(settings, "axis", axis_);
    return settings;
  }
  Value trace(Tracer &tracer, std::span<const Value> inputs) const override {
    require_inputs(*this, inputs, 1);
    return trace_softmax(tracer, inputs[0], normalisation_, axis_, kind());
  }

 private:
  const Normalisation normalisation_;
  const int32_t axis_;
};

std::shared_ptr<Layer> make_normalisation(Normalisation normalisation, Settings &settings, DType dtype) {
  const auto axis = static_cast<int32_t>(settings.integer("axis", -1, -max_ndim, max_ndim - 1));
  return std::make_shared<SoftmaxLayer>(normalisation, axis, dtype);
}

}  // namespace

std::shared_ptr<Layer> make_log_softmax(Settings &settings, DType dtype) {
  return make_normalisation(Normalisation::log_softmax, settings, dtype);
}

std::shared_ptr<Layer> make_softmax(Settings &settings, DType dtype) {
  return make_normalisation(Normalisation::softmax, settings, dtype);
}

Value trace_softmax(Tracer &tracer, const Value &value, Normalisation normalisation, int32_t axis,
                    std::string_view layer) {
  const Extents &shape = value.outline.shape;
  const int32_t from_front = axis < 0 ? axis + shape.size() : axis;
  if (from_front < 1 || from_front >= shape.size())
    fail(Status::invalid_argument, layer, ": an input of shape ", shape, " has no axis ", axis,
         " behind the batch: expected one of 1 to ", shape.size() - 1, ", or counted from the end");
  const Value inputs[] = {value};
  const bool has_backward = tracer.has_backward();
  if (value.outline.dtype == DType::float64)
    return tracer.add(
        std::make_unique<SoftmaxOperation<double>>(normalisation, value.outline, from_front, has_backward), inputs, {});
  return tracer.add(std::make_unique<SoftmaxOperation<float>>(normalisation, value.outline, from_front, has_backward),
                    inputs, {});
}

}  // namespace penstock::core::nn
