// The dense layer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/tensor/compare.h"
#include "nn_testing.h"
#include "tests/cpp/engine/allocation_count.h"

namespace penstock::core::nn {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

void assign(const Tensor &tensor, const std::vector<double> &values) {
  ASSERT_EQ(tensor.element_count(), static_cast<int64_t>(values.size()));
  std::copy(values.begin(), values.end(), numbers(tensor).begin());
}

TEST(DenseLayer, MultipliesByTheWeightsRowsAddsTheBiasAndActivates) {
  LayerRun run(layer_of("dense", R"({"in_features":2,"out_features":3,"activation":"relu"})"),
               {{{2, 2}, DType::float64}}, false);
  assign(run.parameters()[0], {1, 2, 3, 4, -5, 6});
  assign(run.parameters()[1], {0.5, -20, 1});
  assign(run.inputs()[0], {1, 2, 3, 1});
  EXPECT_THAT(numbers(run.forward()), ElementsAre(5.5, 0, 8, 5.5, 0, 0));
}

TEST(DenseLayer, RunsAlongTheLastAxis) {
  LayerRun run(layer_of("dense", R"({"in_features":4,"out_features":3})"), {{{2, 5, 4}, DType::float64}}, false);
  fill_normal(run.inputs()[0], 0);
  const Tensor out = run.forward();
  EXPECT_EQ(out.shape, (Extents{2, 5, 3}));
  const auto weight = numbers(run.parameters()[0]), bias = numbers(run.parameters()[1]), in = numbers(run.inputs()[0]);
  for (size_t row = 0; row < 10; ++row)
    for (size_t column = 0; column < 3; ++column) {
      double sum = bias[column];
      for (size_t inner = 0; inner < 4; ++inner) sum += weight[column * 4 + inner] * in[row * 4 + inner];
      EXPECT_NEAR(numbers(out)[row * 3 + column], sum, 1e-14);
    }
}

TEST(DenseLayer, GradientsAreTrueWithEachActivation) {
  for (const char *activation :
       {R"("linear")", R"("relu")", R"({"name":"leaky_relu","negative_slope":0.3})", R"({"name":"elu","alpha":0.7})",
        R"("gelu")", R"({"name":"gelu","approximate":"tanh"})", R"("silu")", R"("mish")", R"("sigmoid")", R"("tanh")",
        R"({"name":"softplus","beta":2})", R"("softmax")", R"("log_softmax")"})
    expect_true_gradients("dense", std::string(R"({"in_features":4,"out_features":3,"activation":)") + activation + "}",
                          {{{2, 3, 4}, DType::float64}});
}

TEST(DenseLayer, GradientsAreTrueWithoutABias) {
  expect_true_gradients("dense", R"({"in_features":4,"out_features":3,"use_bias":false})", {{{5, 4}, DType::float64}});
  expect_true_gradients("dense", R"({"in_features":4,"out_features":3,"use_bias":false,"activation":"gelu"})",
                        {{{5, 4}, DType::float64}});
}

// torch.nn.Linear(3, 2).double(), weight and bias as below, torch.nn.functional.gelu behind it; the gradients are those of
// (out * out).sum().
TEST(DenseLayer, AgreesWithTorch) {
  LayerRun run(layer_of("dense", R"({"in_features":3,"out_features":2,"activation":"gelu"})"),
               {{{2, 3}, DType::float64}}, true);
  assign(run.parameters()[0], {0.5, -0.25, 1, -1.5, 0.75, 0.125});
  assign(run.parameters()[1], {0.1, -0.2});
  assign(run.inputs()[0], {1, 2, -0.5, -1, 0.25, 3});
  const Tensor out = run.forward();
  const Tensor gradient = empty(DType::float64, out.shape, {});
  for (size_t index = 0; index < 4; ++index) numbers(gradient)[index] = 2 * numbers(out)[index];
  run.backward(gradient);
  EXPECT_THAT(numbers(out), Pointwise(DoubleNear(1e-15), {-0.13783130335587032, -0.10407284807823894,
                                                          2.5233347401697324, 1.8042664739290848}));
  EXPECT_THAT(numbers(run.input_gradients()[0]),
              Pointwise(DoubleNear(1e-14), {0.06500569492652562, -0.03250284746326281, -0.062062993518715394,
                                            -3.342042190508505, 1.6710210952542526, 5.718849506459462}));
  EXPECT_THAT(numbers(run.parameter_gradients()[0]),
              Pointwise(DoubleNear(1e-14), {-5.277112169144249, 1.1969230013724115, 15.695386461973134,
                                            -4.030402646671437, 0.8693071056401872, 11.937548433316897}));
  EXPECT_THAT(numbers(run.parameter_gradients()[1]),
              Pointwise(DoubleNear(1e-14), {5.168352132776559, 3.907475041313506}));
}

TEST(DenseLayer, BeginsAsTorchsLinearDoes) {
  const std::shared_ptr<Layer> layer = layer_of("dense", R"({"in_features":100,"out_features":50})");
  ASSERT_EQ(layer->parameters().size(), 2U);
  EXPECT_EQ(layer->parameters()[0].name, "weight");
  EXPECT_EQ(layer->parameters()[0].value.shape, (Extents{50, 100}));
  EXPECT_EQ(layer->parameters()[1].name, "bias");
  EXPECT_EQ(layer->parameters()[1].value.shape, (Extents{50}));
  for (const Parameter &parameter : layer->parameters()) {
    const auto values = numbers(parameter.value);
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    EXPECT_THAT(*least, testing::AllOf(testing::Ge(-0.1), testing::Lt(-0.08)));
    EXPECT_THAT(*most, testing::AllOf(testing::Le(0.1), testing::Gt(0.08)));
  }
}

TEST(DenseLayer, SettingsMakeTheSameLayerAgain) {
  const std::shared_ptr<Layer> layer =
      layer_of("dense", R"({"in_features":3,"out_features":2,"use_bias":false,)"
                        R"("activation":{"name":"leaky_relu","negative_slope":0.5},"weight_initializer":"he_normal"})");
  const std::string settings = Json(layer->settings()).dump();
  EXPECT_EQ(settings, R"({"in_features":3,"out_features":2,"use_bias":false,)"
                      R"("activation":{"name":"leaky_relu","negative_slope":0.5},"weight_initializer":"he_normal",)"
                      R"("bias_initializer":{"name":"fan_in_uniform","fan_in":3}})");
  EXPECT_EQ(Json(layer_of("dense", settings)->settings()).dump(), settings);
}

std::vector<Tensor> results_on(int32_t threads, DType dtype, const char *settings, const Extents &shape) {
  process_pool().set_num_threads(threads);
  LayerRun run(layer_of("dense", settings, dtype), {{shape, dtype}}, true, dtype);
  fill_normal(run.inputs()[0], 0);
  std::vector<Tensor> results = {run.forward()};
  const Tensor gradient = empty(dtype, results[0].shape, {});
  fill_normal(gradient, 1);
  run.backward(gradient);
  results.push_back(run.input_gradients()[0]);
  for (const Tensor &each : run.parameter_gradients()) results.push_back(each);
  process_pool().set_num_threads(0);
  return results;
}

TEST(DenseLayer, ThreadsDoNotChangeABit) {
  const char *wide = R"({"in_features":300,"out_features":200,"activation":"gelu"})";
  const char *narrow = R"({"in_features":7,"out_features":3,"activation":"relu"})";
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto &[settings, shape] : {std::pair(wide, Extents{128, 300}), std::pair(narrow, Extents{30000, 7})}) {
      const std::vector<Tensor> alone = results_on(1, dtype, settings, shape);
      const std::vector<Tensor> together = results_on(3, dtype, settings, shape);
      for (size_t index = 0; index < alone.size(); ++index)
        EXPECT_TRUE(equal(alone[index], together[index], Equality::bitwise)) << settings << " result " << index;
    }
}

TEST(DenseLayer, StepsAllocateNothing) {
  process_pool().set_num_threads(2);
  LayerRun run(layer_of("dense", R"({"in_features":784,"out_features":128,"activation":"relu"})", DType::float32),
               {{{64, 784}, DType::float32}}, true, DType::float32);
  fill_normal(run.inputs()[0], 0);
  const Tensor gradient = zeros(DType::float32, {64, 128}, {});
  const auto step = [&] {
    run.plan_run().forward({.seed = 1, .number = 2});
    run.backward(gradient);
  };
  step();  // the pool starts its workers
  const int64_t before = allocations_of_this_thread();
  const uint64_t storages_before = memory_usage({}).live_storages;
  step();
  EXPECT_EQ(allocations_of_this_thread(), before);
  EXPECT_EQ(memory_usage({}).live_storages, storages_before);
  process_pool().set_num_threads(0);
}

TEST(DenseLayer, AnEmptyBatchGivesZeroGradients) {
  LayerRun run(layer_of("dense", R"({"in_features":3,"out_features":2,"activation":"mish"})"),
               {{{0, 3}, DType::float64}}, true);
  EXPECT_EQ(run.forward().shape, (Extents{0, 2}));
  run.backward(empty(DType::float64, {0, 2}, {}));
  EXPECT_THAT(numbers(run.parameter_gradients()[0]), testing::Each(0.0));
  EXPECT_THAT(numbers(run.parameter_gradients()[1]), testing::Each(0.0));
}

TEST(DenseLayer, NotANumberStaysInItsRow) {
  LayerRun run(layer_of("dense", R"({"in_features":2,"out_features":2,"activation":"relu"})"),
               {{{2, 2}, DType::float64}}, false);
  assign(run.parameters()[0], {1, 1, 1, 1});
  assign(run.parameters()[1], {0, 0});
  assign(run.inputs()[0], {std::nan(""), 1, 2, 3});
  EXPECT_THAT(numbers(run.forward()), ElementsAre(testing::IsNan(), testing::IsNan(), 5.0, 5.0));
}

TEST(DenseLayer, RefusalsNameTheSettingOrTheShape) {
  const char *settings = R"({"in_features":3,"out_features":2})";
  EXPECT_THAT(
      layer_refusal("dense", settings, {{{4, 5}, DType::float64}}),
      HasSubstr("dense: an input of shape (4, 5) was given: expected two or more axes, the last of in_features 3"));
  EXPECT_THAT(layer_refusal("dense", settings, {{{3}, DType::float64}}), HasSubstr("of shape (3,)"));
  EXPECT_THAT(layer_refusal("dense", settings, {{{4, 3}, DType::float32}}), HasSubstr("float32: expected float64"));
  EXPECT_THAT(layer_refusal("dense", R"({"in_features":3})", {{{4, 3}, DType::float64}}),
              HasSubstr("dense: out_features is missing"));
  EXPECT_THAT(layer_refusal("dense", R"({"in_features":0,"out_features":1})", {}), HasSubstr("in_features is 0"));
  EXPECT_THAT(layer_refusal("dense", R"({"in_features":3,"out_features":2,"activation":"rely"})", {}),
              HasSubstr("dense: activation is \"rely\": expected one of elu, gelu, leaky_relu"));
  EXPECT_THAT(layer_refusal("dense", R"({"in_features":3,"out_features":2,"activation":{"name":"elu","beta":2}})", {}),
              HasSubstr("activation elu has no setting \"beta\": it has name, alpha"));
  EXPECT_NE(layer_refusal("dense", R"({"in_features":1099511627776,"out_features":1099511627776})", {}), "");
}

}  // namespace
}  // namespace penstock::core::nn
