// Layers that read a sequence step by step.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation_count.h"
#include "core/base/thread_pool.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;
using testing::StartsWith;

MATCHER(IsClose, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= 1e-10; }

ValueOutline sequences(int64_t batch, int64_t steps, int64_t features, DType dtype = DType::float64) {
  return {{batch, steps, features}, dtype};
}

// Parameters that hold sin(0.7 k) from the first element of the first to the last of the last, an input of cos(0.3 k), and
// the gradients of sum((k + 1) output[k]).
std::unique_ptr<LayerRun> run_beside_torch(std::string_view kind, std::string_view settings) {
  auto run = std::make_unique<LayerRun>(layer_of(kind, settings), std::vector{sequences(2, 3, 3)}, true);
  int index = 0;
  for (const Tensor &parameter : run->parameters())
    for (double &number : numbers(parameter)) number = std::sin(0.7 * index++);
  index = 0;
  for (double &number : numbers(run->inputs()[0])) number = std::cos(0.3 * index++);
  const Tensor weights = run->forward();
  index = 0;
  for (double &number : numbers(weights)) number = ++index;
  run->backward(weights);
  return run;
}

// The tables are those of torch 2.13.0: torch.nn.LSTM(3, 2, batch_first=True) and torch.nn.GRU(3, 2, batch_first=True), filled
// as above; of the reversed ones, of x.flip(1), and the result flipped back.
TEST(RecurrentLayers, LstmComputesWhatTorchDoes) {
  const auto run = run_beside_torch("lstm", R"({"in_features":3,"units":2,"return_sequences":true})");
  EXPECT_THAT(numbers(run->forward()),
              Pointwise(IsClose(), {-0.454682992235, -0.542642672545, -0.165043146151, -0.349093604312, -0.204895173237,
                                    0.247730877122, -0.103471351361, 0.195209071367, -0.303521658128, 0.184001421643,
                                    -0.578967486797, -0.104668211106}));
  EXPECT_THAT(numbers(run->input_gradients()[0]),
              Pointwise(IsClose(), {-0.246389832805, -0.0573926173454, 0.158597242836, -0.0520009541871,
                                    -0.886175131976, -1.30356729833, 0.559757679874, -0.857501000982, -1.87146356225,
                                    1.19535319696, -0.454814647939, -1.89107605723, 1.00350574686, -0.754778968289,
                                    -2.15807934091, -3.37485978659, -4.17333106224, -3.00901952923}));
  EXPECT_THAT(numbers(run->parameter_gradients()[1]),
              Pointwise(IsClose(), {0.288135335653, -0.113582751438, 0.174454121516, -0.0735713879181, 0.188609378529,
                                    -0.0771161855543, -0.0229462502361, 0.185492589102, -0.832243072272,
                                    -0.851017012721, -1.67481044672, -0.132556777444, 0.660006468884, -0.147844380379,
                                    0.0965660324658, 0.0195568556753}));
  for (const size_t bias : {2, 3})
    EXPECT_THAT(numbers(run->parameter_gradients()[bias]),
                Pointwise(IsClose(), {-2.2226384354, 1.72595914537, -0.776312802822, 0.174116539101, 1.86735446969,
                                      5.75343226111, -3.50760490402, 0.590396749909}));
}

TEST(RecurrentLayers, GruComputesWhatTorchDoes) {
  const auto run = run_beside_torch("gru", R"({"in_features":3,"units":2,"return_sequences":true})");
  EXPECT_THAT(numbers(run->forward()),
              Pointwise(IsClose(), {0.11164501523, -0.198492947038, -0.0645240117762, -0.515188939217, -0.14978400532,
                                    -0.195619463507, -0.0445718059827, 0.774448594177, -0.140659102907, 0.874856003566,
                                    -0.420279599726, 0.111668424829}));
  EXPECT_THAT(numbers(run->input_gradients()[0]),
              Pointwise(IsClose(), {1.26000522801, 1.07892139963, 0.390403978397, 3.17655498967, 1.6791144234,
                                    -0.608039893088, -4.23876604155, -4.77177714922, -3.06054690254, -2.30648908866,
                                    -3.47907669276, -3.01540016618, -3.08447583117, -3.85661851047, -2.81493324298,
                                    -4.03045428153, -3.86008254635, -1.87425367417}));
  EXPECT_THAT(numbers(run->parameter_gradients()[1]),
              Pointwise(IsClose(), {0.00105470456217, 0.0699738863707, -0.00302019694267, 0.927412048037,
                                    -0.227037672622, 2.00340065209, -0.301602996268, 3.14993518192, 0.065108413889,
                                    1.29114045664, -0.85424678774, 4.25573334646}));
  EXPECT_THAT(
      numbers(run->parameter_gradients()[2]),
      Pointwise(IsClose(), {0.362266897964, -0.536835182567, 4.72974757946, 3.7886150889, 9.289176879, 14.36873162}));
  EXPECT_THAT(numbers(run->parameter_gradients()[3]),
              Pointwise(IsClose(),
                        {0.362266897964, -0.536835182567, 4.72974757946, 3.7886150889, 7.28362944521, 9.87554083094}));
}

TEST(RecurrentLayers, ReversedOnesReadFromTheEnd) {
  constexpr std::string_view settings = R"({"in_features":3,"units":2,"return_sequences":true,"reverse":true})";
  const auto lstm = run_beside_torch("lstm", settings);
  EXPECT_THAT(numbers(lstm->forward()),
              Pointwise(IsClose(), {-0.100409664764, -0.589191481472, -0.453395297782, -0.438524992861, -0.190220017704,
                                    0.208643784644, -0.259344193666, 0.219776079064, -0.32177385603, 0.170553988137,
                                    -0.505026026328, -0.169504800742}));
  const auto gru = run_beside_torch("gru", settings);
  EXPECT_THAT(numbers(gru->forward()),
              Pointwise(IsClose(), {0.118120245248, -0.425361712796, -0.0887806018887, -0.329958634526, -0.107650640402,
                                    0.197418736618, -0.386108793989, 0.824971072522, -0.353068525532, 0.302989437622,
                                    -0.302969779178, -0.313195941044}));
}

TEST(RecurrentLayers, WithoutSequencesTheLastStepIsTheResult) {
  const auto forwards = run_beside_torch("lstm", R"({"in_features":3,"units":2})");
  EXPECT_THAT(numbers(forwards->forward()),
              Pointwise(IsClose(), {-0.204895173237, 0.247730877122, -0.578967486797, -0.104668211106}));
  const auto reverse = run_beside_torch("gru", R"({"in_features":3,"units":2,"reverse":true})");
  EXPECT_THAT(numbers(reverse->forward()),
              Pointwise(IsClose(), {0.118120245248, -0.425361712796, -0.386108793989, 0.824971072522}));
}

TEST(RecurrentLayers, GradientsAreTrue) {
  for (const char *kind : {"lstm", "gru"}) {
    expect_true_gradients(kind, R"({"in_features":3,"units":2})", {sequences(2, 3, 3)});
    expect_true_gradients(kind, R"({"in_features":3,"units":2,"return_sequences":true,"use_bias":false})",
                          {sequences(2, 3, 3)});
    expect_true_gradients(kind, R"({"in_features":2,"units":5,"return_sequences":true,"reverse":true})",
                          {sequences(11, 2, 2)});
    expect_true_gradients(kind, R"({"in_features":1,"units":3,"reverse":true})", {sequences(1, 1, 1)});
  }
}

// Large values saturate the gates: nothing overflows on the way.
TEST(RecurrentLayers, LargeInputsGiveNumbers) {
  for (const char *kind : {"lstm", "gru"}) {
    LayerRun run(layer_of(kind, R"({"in_features":2,"units":19})", DType::float32),
                 {sequences(3, 4, 2, DType::float32)}, true, DType::float32);
    int index = 0;
    for (float &number : numbers<float>(run.inputs()[0])) number = ++index % 2 == 0 ? 1e30F : -1e30F;
    const Tensor out = run.forward();
    for (const float number : numbers<float>(out)) EXPECT_LE(std::abs(number), 1.0F);
    run.backward(out);
    for (const Tensor &gradient : {run.input_gradients()[0], run.parameter_gradients()[1]})
      for (const float number : numbers<float>(gradient)) EXPECT_TRUE(std::isfinite(number));
  }
}

std::vector<float> results_on(int32_t threads, const char *kind, const char *settings) {
  process_pool().set_num_threads(threads);
  LayerRun run(layer_of(kind, settings, DType::float32), {sequences(100, 6, 30, DType::float32)}, true, DType::float32);
  fill_normal(run.inputs()[0], 0);
  const Tensor out = run.forward(), weights = empty(DType::float32, out.shape, {});
  fill_normal(weights, 1);
  run.backward(weights);
  std::vector<float> results;
  const auto append = [&](const Tensor &tensor) {
    results.insert(results.end(), numbers<float>(tensor).begin(), numbers<float>(tensor).end());
  };
  append(out);
  append(run.input_gradients()[0]);
  for (const Tensor &gradient : run.parameter_gradients()) append(gradient);
  process_pool().set_num_threads(0);
  return results;
}

TEST(RecurrentLayers, ThreadsDoNotChangeABit) {
  for (const char *kind : {"lstm", "gru"}) {
    const auto *settings = R"({"in_features":30,"units":70,"return_sequences":true})";
    EXPECT_EQ(results_on(1, kind, settings), results_on(3, kind, settings));
  }
}

TEST(RecurrentLayers, AStepAllocatesNothing) {
  process_pool().set_num_threads(1);
  for (const char *kind : {"lstm", "gru"}) {
    LayerRun run(layer_of(kind, R"({"in_features":7,"units":40})"), {sequences(24, 3, 7)}, true);
    fill_normal(run.inputs()[0], 0);
    const Tensor weights = run.forward();
    const int64_t before = allocations_of_this_thread();
    const Tensor other = empty(weights.dtype, weights.shape, {});
    const int64_t of_a_tensor = allocations_of_this_thread() - before;
    run.forward();  // gives a tensor
    run.backward(weights);
    EXPECT_EQ(allocations_of_this_thread() - before, 2 * of_a_tensor) << kind;
  }
  process_pool().set_num_threads(0);
}

TEST(RecurrentLayers, PredictionIsTheForwardPassOfTraining) {
  for (const char *kind : {"lstm", "gru"}) {
    const auto *settings = R"({"in_features":4,"units":6,"return_sequences":true})";
    LayerRun training(layer_of(kind, settings), {sequences(9, 5, 4)}, true);
    LayerRun prediction(layer_of(kind, settings), {sequences(9, 5, 4)}, false);
    fill_normal(training.inputs()[0], 0);
    fill_normal(prediction.inputs()[0], 0);
    const Tensor first = training.forward(), second = prediction.forward();
    EXPECT_THAT(numbers(first), testing::ElementsAreArray(numbers(second)));
  }
}

TEST(RecurrentLayers, AnEmptyBatchGivesEmptyResultsAndZeroGradients) {
  for (const char *kind : {"lstm", "gru"}) {
    LayerRun run(layer_of(kind, R"({"in_features":3,"units":2})"), {sequences(0, 4, 3)}, true);
    const Tensor out = run.forward();
    EXPECT_EQ(out.shape, (Extents{0, 2}));
    run.backward(out);
    for (const Tensor &gradient : run.parameter_gradients()) EXPECT_THAT(numbers(gradient), testing::Each(0.0));
  }
}

TEST(RecurrentLayers, ParametersBeginBetweenTheRootsOfTheUnits) {
  const std::shared_ptr<Layer> layer = layer_of("gru", R"({"in_features":3,"units":25})");
  std::vector<std::string> names;
  for (const Parameter &parameter : layer->parameters()) {
    names.push_back(parameter.name);
    double least = 0, most = 0;
    for (const double number : numbers(parameter.value)) {
      least = std::min(least, number);
      most = std::max(most, number);
    }
    EXPECT_GE(least, -0.2);
    EXPECT_LE(most, 0.2);
    EXPECT_LT(least, -0.17);
    EXPECT_GT(most, 0.17);
  }
  EXPECT_THAT(names, ElementsAre("weight_ih", "weight_hh", "bias_ih", "bias_hh"));
  EXPECT_EQ(layer->parameters()[0].value.shape, (Extents{75, 3}));
  EXPECT_EQ(layer->parameters()[1].value.shape, (Extents{75, 25}));
}

TEST(RecurrentLayers, SettingsMakeTheSameLayerAgain) {
  const std::shared_ptr<Layer> layer = layer_of(
      "lstm", R"({"in_features":3,"units":2,"use_bias":false,"reverse":true,"recurrent_initializer":"orthogonal"})");
  const std::shared_ptr<Layer> again = make_layer("lstm", Json(layer->settings()), DType::float64);
  EXPECT_EQ(Json(again->settings()).dump(), Json(layer->settings()).dump());
  EXPECT_THAT(Json(layer->settings()).dump(), HasSubstr("orthogonal"));
  EXPECT_EQ(again->parameters().size(), 2U);
}

TEST(RecurrentLayers, WhatTheyCannotReadIsRefused) {
  constexpr const char *settings = R"({"in_features":3,"units":2})";
  EXPECT_THAT(layer_refusal("lstm", settings, {sequences(2, 0, 3)}),
              StartsWith("lstm: an input of shape (2, 0, 3) has no steps: expected one at least"));
  EXPECT_THAT(layer_refusal("gru", settings, {sequences(2, 4, 5)}),
              StartsWith("gru: an input of shape (2, 4, 5): expected (batch, steps, 3)"));
  EXPECT_THAT(layer_refusal("gru", settings, {{{2, 3}, DType::float64}}), HasSubstr("expected (batch, steps, 3)"));
  EXPECT_THAT(layer_refusal("lstm", settings, {sequences(2, 4, 3, DType::int32)}),
              StartsWith("lstm: an input of dtype int32: expected float64"));
  EXPECT_THAT(layer_refusal("lstm", R"({"in_features":3,"units":0})", {sequences(2, 4, 3)}), HasSubstr("units"));
  EXPECT_THAT(layer_refusal("lstm", R"({"units":2})", {sequences(2, 4, 3)}), HasSubstr("in_features"));
  EXPECT_THAT(layer_refusal("gru", R"({"in_features":3,"units":2,"layers":2})", {sequences(2, 4, 3)}),
              HasSubstr("gru has no setting \"layers\""));
}

}  // namespace
}  // namespace penstock::core::nn
