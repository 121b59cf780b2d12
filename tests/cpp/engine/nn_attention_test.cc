// Attention of many heads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation_count.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/attention_kernels.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::Each;
using testing::HasSubstr;

ValueOutline of(const Extents &shape, DType dtype = DType::float64) { return {shape, dtype}; }

// As the tables below were made: torch.nn.MultiheadAttention(4, 2, batch_first=True) whose parameters are step i % 11 / 4 - 1,
// times some share.
void set_parameters(LayerRun &run) {
  const auto set = [&](size_t index, int64_t step, double share) {
    fill_ramp(run.parameters()[index], step);
    for (double &number : numbers(run.parameters()[index])) number *= share;
  };
  set(0, 3, 0.5);
  set(1, 4, 0.25);
  set(2, 5, 0.5);
  set(3, 2, 0.25);
}

TEST(MultiHeadAttentionLayer, AttendsToItselfAsTorchs) {
  // x[i] = 7 i % 11 / 4 - 1 of shape (2, 3, 4), need_weights=False, y.backward(5 i % 11 / 4 - 1).
  LayerRun run(layer_of("multi_head_attention", R"({"features":4,"heads":2})"), {of({2, 3, 4})}, true);
  set_parameters(run);
  fill_ramp(run.inputs()[0], 7);
  expect_near(run.forward(),
              {-0.064254005751, -0.204627992219, 0.139860562809,  -0.436041925706, -0.436259531029, -0.308803410829,
               0.002767266192,  -0.182120723388, -0.596821911118, -0.272419664691, -0.043426115396, 0.028023600549,
               -0.098095613231, 0.385341158863,  0.432524174301,  -0.098874635748, -0.257065667343, 0.52265311023,
               0.430545647755,  0.17054960635,   0.141905962805,  0.690058074261,  0.387394507248,  0.374160030397});
  const Tensor gradient = empty(DType::float64, {2, 3, 4}, {});
  fill_ramp(gradient, 5);
  run.backward(gradient);
  expect_near(run.input_gradients()[0],
              {0.18709825093,   0.171260185142,  -0.025772262372, -0.641144586391, 0.08594965218,   0.625144467027,
               -0.227055469875, -0.257290942693, 0.305252949738,  -0.087199484345, -0.196125284952, -0.153476055303,
               0.737438075591,  -0.177907310406, -0.50673277677,  0.064385973657,  0.720326553276,  -1.111270154182,
               0.383223889944,  0.476573346598,  1.199344270506,  -0.553176862708, -0.28862116714,  0.778721568124});
  expect_near(run.parameter_gradients()[1], {-1.387820379466, 0.205197247812, -0.32447094381, -0.298646355717, 0, 0, 0,
                                             0, 1.9375, -0.25, 1.6875, -0.84375});
  expect_near(run.parameter_gradients()[2],
              {-0.305984735551, -0.390425814217, -1.38275058793, 0.290000145865, 1.312633596543, 0.631821889137,
               1.796267694668, -1.271001519177, -1.563951141085, -2.329622205278, -1.280263225642, 0.757766242159,
               1.024392274001, 0.861912345178, 1.502621992188, -1.131740182899});
}

TEST(MultiHeadAttentionLayer, CausalAttentionIsAsTorchsWithTheUpperTriangleMasked) {
  LayerRun run(layer_of("multi_head_attention", R"({"features":4,"heads":2,"causal":true})"), {of({2, 3, 4})}, true);
  set_parameters(run);
  fill_ramp(run.inputs()[0], 7);
  expect_near(run.forward(),
              {-0.27734375,    -0.40625,        -0.40625,        0.453125,        -0.143821143946, 0.042704888636,
               -0.14786878209, 0.57131124218,   -0.596821911118, -0.272419664691, -0.043426115396, 0.028023600549,
               0.3671875,      0.8984375,       0.3125,          0.80078125,      -0.591183438809, -0.093207301181,
               0.210134642047, -0.190739683984, 0.141905962805,  0.690058074261,  0.387394507248,  0.374160030397});
}

TEST(MultiHeadAttentionLayer, QueriesAttendToOtherKeysAsTorchs) {
  // The same layer on ramps of step 7, 2 and 9, without a mask.
  LayerRun run(layer_of("multi_head_attention", R"({"features":4,"heads":2})"),
               {of({1, 2, 4}), of({1, 3, 4}), of({1, 3, 4})}, true);
  set_parameters(run);
  fill_ramp(run.inputs()[0], 7);
  fill_ramp(run.inputs()[1], 2);
  fill_ramp(run.inputs()[2], 9);
  expect_near(run.forward(), {-0.654493847962, 0.054548860446, 0.100910631019, 0.241978132715, -0.0718845775,
                              0.163972345786, 0.06752815653, 0.283780701098});
  const Tensor gradient = empty(DType::float64, {1, 2, 4}, {});
  fill_ramp(gradient, 5);
  run.backward(gradient);
  expect_near(run.input_gradients()[0], {-0.010000927531, -0.03018419184, -0.05036745615, 0.110543842418,
                                         0.115286003929, 0.055716828046, -0.003852347837, -0.369664714304});
  expect_near(run.input_gradients()[1],
              {0.000878529246, -0.007650769541, -0.02917374762, 0.006564728437, 0.02330717977, 0.033584756262,
               0.007104483589, 0.016455462108, -0.024185709015, -0.025933986721, 0.02206926403, -0.023020190545});
  expect_near(run.input_gradients()[2],
              {0.16664001929, 0.148851270102, -0.131617227352, -0.412085724805, 0.548456882702, -0.062948086446,
               -0.120060031156, -0.177171975866, 0.249746848008, 0.011753066344, -0.131135241492, -0.274023549329});
}

TEST(MultiHeadAttentionLayer, GradientsAreTrue) {
  for (const std::string_view settings :
       {R"({"features":4,"heads":2})", R"({"features":6,"heads":1,"use_bias":false})",
        R"({"features":6,"heads":6,"causal":true})", R"({"features":4,"heads":2,"dropout":0.3})",
        R"({"features":4,"heads":2,"dropout":1})"}) {
    const int64_t features = settings.find("\"features\":4") != std::string_view::npos ? 4 : 6;
    expect_true_gradients("multi_head_attention", settings, {of({2, 5, features})});
    expect_true_gradients("multi_head_attention", settings,
                          {of({2, 3, features}), of({2, 4, features}), of({2, 4, features})});
  }
}

TEST(MultiHeadAttentionLayer, ParametersAreTorchs) {
  const std::shared_ptr<Layer> layer = layer_of("multi_head_attention", R"({"features":30,"heads":3})");
  std::vector<std::string> names;
  for (const Parameter &parameter : layer->parameters()) names.push_back(parameter.name);
  EXPECT_THAT(names, testing::ElementsAre("in_proj_weight", "in_proj_bias", "out_proj_weight", "out_proj_bias"));
  const auto largest = [&](size_t index) {
    double most = 0;
    for (const double number : numbers(layer->parameters()[index].value)) most = std::max(most, std::abs(number));
    return most;
  };
  EXPECT_NEAR(largest(0), std::sqrt(6.0 / (30 + 90)), 0.005);  // xavier_uniform_ of the whole
  EXPECT_EQ(largest(1), 0);
  EXPECT_NEAR(largest(2), 1 / std::sqrt(30.0), 0.005);
  EXPECT_EQ(largest(3), 0);
}

TEST(MultiHeadAttentionLayer, DropoutKeepsTheMeanInTrainingAndIsNothingOutside) {
  const auto mean_of = [](std::string_view settings, bool is_training) {
    LayerRun run(layer_of("multi_head_attention", settings), {of({1, 400, 2})}, is_training);
    fill(run.parameters()[2], {1, 0, 0, 1});
    fill(run.parameters()[0], {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1});  // equal scores; values as they are
    std::fill(numbers(run.inputs()[0]).begin(), numbers(run.inputs()[0]).end(), 3.0);
    const Tensor out = run.forward();
    double mean = 0;
    for (const double number : numbers(out)) mean += number / 800;
    return std::pair(mean, numbers(out)[0] == numbers(out)[2]);
  };
  const auto [mean, is_even] = mean_of(R"({"features":2,"heads":1,"dropout":0.5})", true);
  EXPECT_NEAR(mean, 3, 0.05);  // 160,000 draws
  EXPECT_FALSE(is_even);
  EXPECT_NEAR(mean_of(R"({"features":2,"heads":1,"dropout":0.5})", false).first, 3, 1e-12);
}

TEST(MultiHeadAttentionLayer, GradientsAreTrueWhereDropoutIsNothing) {
  expect_true_gradients("multi_head_attention", R"({"features":4,"heads":2,"dropout":0.5})", {of({2, 3, 4})},
                        Mode::evaluating_with_backward);
}

TEST(MultiHeadAttentionLayer, RunsWithoutAllocating) {
  LayerRun run(layer_of("multi_head_attention", R"({"features":64,"heads":4,"dropout":0.1})", DType::float32),
               {of({4, 70, 64}, DType::float32)}, true, DType::float32);
  fill_normal(run.inputs()[0], 0);
  const auto step = [&] {
    run.plan_run().forward({.seed = 1, .number = 2});
    run.plan_run().backward();
  };
  step();  // the pool's threads are there now
  const int64_t before = allocations_of_this_thread();
  step();
  EXPECT_EQ(allocations_of_this_thread(), before);
}

std::vector<std::string> step_bytes() {
  LayerRun run(
      layer_of("multi_head_attention", R"({"features":48,"heads":3,"causal":true,"dropout":0.2})", DType::float32),
      {of({3, 130, 48}, DType::float32)}, true, DType::float32);
  fill_normal(run.inputs()[0], 0);
  const Tensor gradient = empty(DType::float32, {3, 130, 48}, {});
  fill_normal(gradient, 1);
  std::vector<std::string> bytes;
  const auto take = [&](const Tensor &tensor) {
    bytes.emplace_back(reinterpret_cast<const char *>(tensor.data), static_cast<size_t>(tensor.nbytes()));
  };
  take(run.forward());
  run.backward(gradient);
  take(run.input_gradients()[0]);
  for (const Tensor &each : run.parameter_gradients()) take(each);
  return bytes;
}

TEST(MultiHeadAttentionLayer, BitsDoNotDependOnTheNumberOfThreads) {
  process_pool().set_num_threads(1);
  const std::vector<std::string> alone = step_bytes();
  process_pool().set_num_threads(2);
  EXPECT_EQ(step_bytes(), alone);
  process_pool().set_num_threads(0);
}

TEST(AttentionKernels, BitsDoNotDependOnTheWidthOfVectors) {
  std::vector<const AttentionTable *> tables = {&attention_kernels_16(), &attention_kernels_32(),
                                                &attention_kernels_64()};
  while (&tables.back()->single != &attention_kernels<float>()) tables.pop_back();
  const ScoreRows how{.queries = 67, .keys = 67, .is_causal = true, .scale = 0.5};
  std::vector<std::vector<float>> probabilities;
  for (const AttentionTable *table : tables) {
    const Tensor scores = empty(DType::float32, {67, 67}, {});
    fill_normal(scores, 3);
    table->single.softmax(how, numbers<float>(scores).data(), {0, 67});
    probabilities.emplace_back(numbers<float>(scores).begin(), numbers<float>(scores).end());
    table->single.softmax_gradients(how, numbers<float>(scores).data(), probabilities.back().data(), {0, 67});
    probabilities.back().insert(probabilities.back().end(), numbers<float>(scores).begin(),
                                numbers<float>(scores).end());
  }
  EXPECT_THAT(probabilities, Each(probabilities[0]));
}

TEST(MultiHeadAttentionLayer, EmptyBatchesAndSequencesHaveNoGradients) {
  for (const Extents &shape : {Extents{0, 3, 4}, {2, 0, 4}}) {
    LayerRun run(layer_of("multi_head_attention", R"({"features":4,"heads":2})"), {of(shape)}, true);
    run.forward();
    run.backward(empty(DType::float64, shape, {}));
    for (const Tensor &gradient : run.parameter_gradients()) EXPECT_THAT(numbers(gradient), Each(0));
  }
}

TEST(MultiHeadAttentionLayer, SettingsMakeTheSameLayer) {
  constexpr std::string_view settings = R"({"features":6,"heads":3,"use_bias":false,"dropout":0.5,"causal":true})";
  EXPECT_EQ(Json(layer_of("multi_head_attention", settings)->settings()).dump(), settings);
}

TEST(MultiHeadAttentionLayer, WhatDoesNotFitIsRefused) {
  constexpr std::string_view settings = R"({"features":4,"heads":2})";
  EXPECT_THAT(layer_refusal("multi_head_attention", R"({"features":4,"heads":3})", {of({2, 3, 4})}),
              HasSubstr("heads is 3: expected a divisor of features, which is 4"));
  EXPECT_THAT(layer_refusal("multi_head_attention", R"({"features":4,"heads":2,"dropout":1.5})", {of({2, 3, 4})}),
              HasSubstr("dropout is 1.5: expected a number from 0 to 1"));
  EXPECT_THAT(layer_refusal("multi_head_attention", settings, {of({2, 3, 5})}),
              HasSubstr("an input has shape (2, 3, 5): expected (samples, length, features) with 4 features"));
  EXPECT_THAT(layer_refusal("multi_head_attention", settings, {of({2, 3, 4}), of({2, 3, 4})}),
              HasSubstr("2 inputs were given: expected one, or three: query, key and value"));
  EXPECT_THAT(layer_refusal("multi_head_attention", settings, {of({2, 3, 4}), of({2, 5, 4}), of({2, 6, 4})}),
              HasSubstr("have shapes (2, 3, 4), (2, 5, 4) and (2, 6, 4): expected as many samples in each"));
}

}  // namespace
}  // namespace penstock::core::nn
