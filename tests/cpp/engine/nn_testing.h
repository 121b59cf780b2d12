// Layers run by themselves, and their gradients compared with central differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/io/json.h"
#include "core/nn/layer.h"
#include "core/nn/plan.h"
#include "core/ops/random_tensors.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"

namespace penstock::core::nn {

// How the layers of a plan compute, and whether it has a way back.
enum class Mode { evaluating, evaluating_with_backward, training };

// A layer with a plan for inputs of some shapes, its parameters, and everything in float64 unless said otherwise.
class LayerRun {
 public:
  LayerRun(std::shared_ptr<Layer> layer, const std::vector<ValueOutline> &inputs, bool is_training,
           DType dtype = DType::float64)
      : LayerRun(std::move(layer), inputs, is_training ? Mode::training : Mode::evaluating, dtype) {}
  LayerRun(std::shared_ptr<Layer> layer, const std::vector<ValueOutline> &inputs, Mode mode,
           DType dtype = DType::float64)
      : layer_(std::move(layer)),
        plan_(inputs,
              {.dtype = dtype,
               .is_training = mode == Mode::training,
               .has_backward = mode != Mode::evaluating,
               .wants_input_gradients = mode != Mode::evaluating},
              [&](Tracer &tracer, std::span<const Value> values) { return layer_->trace(tracer, values); }) {
    arena_ = Storage::allocate(std::max<int64_t>(plan_.arena_nbytes(), 1), 64, {});
    std::memset(arena_->data(), 0xAB, static_cast<size_t>(plan_.arena_nbytes()));  // nothing is 0 by chance
    memory_.arena = arena_->data();
    for (const ValueOutline &outline : inputs) {
      inputs_.push_back(empty(outline.dtype, outline.shape, {}));
      input_gradients_.push_back(empty(outline.dtype, outline.shape, {}));
      memory_.inputs.push_back(inputs_.back().data);
      memory_.input_gradients.push_back(input_gradients_.back().data);
    }
    for (const Parameter *parameter : plan_.parameters()) {
      parameters_.push_back(parameter->value);
      parameter_gradients_.push_back(empty(dtype, parameter->value.shape, {}));
      memory_.parameters.push_back(parameter->value.data);
      memory_.parameter_gradients.push_back(parameter->is_trained ? parameter_gradients_.back().data : nullptr);
    }
    run_ = std::make_unique<PlanRun>(plan_, memory_);
  }

  std::vector<Tensor> &inputs() { return inputs_; }
  std::vector<Tensor> &input_gradients() { return input_gradients_; }
  std::vector<Tensor> &parameters() { return parameters_; }
  std::vector<Tensor> &parameter_gradients() { return parameter_gradients_; }
  const Plan &plan() const { return plan_; }
  PlanRun &plan_run() { return *run_; }

  // The random numbers are the same in each call.
  Tensor forward() {
    run_->forward({.seed = 1, .number = 2});
    const Tensor out = empty(plan_.output().dtype, plan_.output().shape, {});
    if (out.nbytes() > 0) std::memcpy(out.data, run_->output(), static_cast<size_t>(out.nbytes()));
    return out;
  }
  void backward(const Tensor &gradient) {
    if (gradient.nbytes() > 0)
      std::memcpy(run_->output_gradient(), gradient.data, static_cast<size_t>(gradient.nbytes()));
    run_->backward();
  }

 private:
  std::shared_ptr<Layer> layer_;
  Plan plan_;
  Reference<Storage> arena_;
  PlanMemory memory_;
  std::vector<Tensor> inputs_, input_gradients_, parameters_, parameter_gradients_;
  std::unique_ptr<PlanRun> run_;
};

template <typename Element = double>
std::span<Element> numbers(const Tensor &tensor) {
  return {reinterpret_cast<Element *>(tensor.data), static_cast<size_t>(tensor.element_count())};
}

inline void fill_normal(const Tensor &tensor, uint64_t number) {
  const Tensor drawn = random_normal({.seed = 7, .number = number}, DType::float64, tensor.shape, 0, 1, {});
  copy(tensor, drawn, Casting::unsafe);
}

// Element i becomes step i % 11 / 4 - 1: what a test and another library can both write down.
inline void fill_ramp(const Tensor &tensor, int64_t step) {
  int64_t index = 0;
  for (double &number : numbers(tensor)) number = static_cast<double>(step * index++ % 11) / 4 - 1;
}

inline void fill(const Tensor &tensor, const std::vector<double> &values) {
  std::copy(values.begin(), values.end(), numbers(tensor).begin());
}

// For tables of numbers with twelve digits behind the point.
inline void expect_near(const Tensor &tensor, const std::vector<double> &expected) {
  EXPECT_THAT(numbers(tensor), testing::Pointwise(testing::DoubleNear(2e-12), expected));
}

inline std::shared_ptr<Layer> layer_of(std::string_view kind, std::string_view settings, DType dtype = DType::float64) {
  std::shared_ptr<Layer> layer = make_layer(kind, parse_json(settings, "settings"), dtype);
  initialize(*layer, 3);
  return layer;
}

// Whether the gradients of every floating input and trained parameter are those of sum(weights * output), by central differences.
inline void expect_true_gradients(std::string_view kind, std::string_view settings,
                                  const std::vector<ValueOutline> &shapes, Mode mode = Mode::training) {
  LayerRun run(layer_of(kind, settings), shapes, mode);
  if (mode != Mode::training)  // statistics as no layer begins with
    for (size_t index = 0; index < run.parameters().size(); ++index)
      if (!run.plan().parameters()[index]->is_trained)
        for (double &number : numbers(run.parameters()[index])) number = 0.3 * static_cast<double>(index) + 0.4;
  for (size_t input = 0; input < shapes.size(); ++input)
    if (shapes[input].dtype == DType::float64) fill_normal(run.inputs()[input], input);
  const Tensor weights = empty(DType::float64, run.plan().output().shape, {});
  fill_normal(weights, 99);
  const auto loss = [&] {
    const Tensor out = run.forward();
    double sum = 0;
    for (int64_t index = 0; index < out.element_count(); ++index)
      sum += numbers(out)[static_cast<size_t>(index)] * numbers(weights)[static_cast<size_t>(index)];
    return sum;
  };
  // Statistics that a pass changes begin each time as they were.
  std::vector<std::vector<double>> before;
  for (const Tensor &parameter : run.parameters())
    before.emplace_back(numbers(parameter).begin(), numbers(parameter).end());
  const auto reset_untrained = [&] {
    for (size_t index = 0; index < before.size(); ++index)
      if (!run.plan().parameters()[index]->is_trained)
        std::copy(before[index].begin(), before[index].end(), numbers(run.parameters()[index]).begin());
  };
  loss();
  run.backward(weights);
  const auto check = [&](const Tensor &tensor, const Tensor &gradient, const std::string &name) {
    const std::vector<double> given(numbers(gradient).begin(), numbers(gradient).end());
    for (size_t index = 0; index < given.size(); ++index) {
      constexpr double step = 1e-5;
      double &number = numbers(tensor)[index];
      const double middle = number;
      reset_untrained();
      number = middle + step;
      const double above = loss();
      reset_untrained();
      number = middle - step;
      const double below = loss();
      number = middle;
      const double expected = (above - below) / (2 * step);
      ASSERT_NEAR(given[index], expected, 1e-6 * (1 + std::abs(expected)))
          << kind << " " << settings << " " << name << " " << index;
    }
  };
  for (size_t input = 0; input < shapes.size(); ++input)
    if (shapes[input].dtype == DType::float64)
      check(run.inputs()[input], run.input_gradients()[input], "input " + std::to_string(input));
  for (size_t index = 0; index < before.size(); ++index)
    if (run.plan().parameters()[index]->is_trained)
      check(run.parameters()[index], run.parameter_gradients()[index], run.plan().parameters()[index]->name);
}

inline std::string layer_refusal(std::string_view kind, std::string_view settings,
                                 const std::vector<ValueOutline> &shapes) {
  try {
    LayerRun run(layer_of(kind, settings), shapes, true);
  } catch (const Error &error) {
    return error.sentence();
  }
  return "";
}

}  // namespace penstock::core::nn
