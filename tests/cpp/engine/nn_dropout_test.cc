// The dropout layer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/base/random_key.h"
#include "core/base/thread_pool.h"
#include "core/tensor/compare.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

// The stream of a plan's only operation, in the step that LayerRun makes.
constexpr RandomStream stream = fold_in({.seed = 1, .number = 2}, 0);

TEST(DropoutLayer, LeavesOutWhatItsUniformNumbersSay) {
  LayerRun wide(layer_of("dropout", R"({"rate":0.25})"), {{{3, 1000}, DType::float64}}, true);
  LayerRun narrow(layer_of("dropout", R"({"rate":0.25})", DType::float32), {{{3, 1000}, DType::float32}}, true,
                  DType::float32);
  fill_normal(wide.inputs()[0], 0);
  fill_normal(narrow.inputs()[0], 0);
  const Tensor out = wide.forward(), narrow_out = narrow.forward();
  for (size_t index = 0; index < 3000; ++index) {
    const double x = numbers(wide.inputs()[0])[index];
    EXPECT_EQ(numbers(out)[index], uniform_f64(stream, index) < 0.25 ? 0 : x * (1 / 0.75));
    const float y = numbers<float>(narrow.inputs()[0])[index];
    EXPECT_EQ(numbers<float>(narrow_out)[index], uniform_f32(stream, index) < 0.25F ? 0 : y * (1 / 0.75F));
  }
}

TEST(DropoutLayer, KeepsTheMeanAndDropsAtItsRate) {
  LayerRun run(layer_of("dropout", R"({"rate":0.3})"), {{{100, 1000}, DType::float64}}, true);
  std::fill_n(numbers(run.inputs()[0]).begin(), 100000, 1.0);
  const Tensor out = run.forward();
  const auto values = numbers(out);
  const auto dropped = std::count(values.begin(), values.end(), 0.0);
  EXPECT_NEAR(static_cast<double>(dropped) / 1e5, 0.3, 0.01);
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0) / 1e5, 1.0, 0.02);
}

TEST(DropoutLayer, GradientsAreTrue) {
  expect_true_gradients("dropout", R"({"rate":0.4})", {{{4, 5}, DType::float64}});
  expect_true_gradients("dropout", R"({"rate":0})", {{{4, 5}, DType::float64}});
}

TEST(DropoutLayer, ChangesNothingOutOfTraining) {
  LayerRun run(layer_of("dropout", "{}"), {{{4, 5}, DType::float64}}, false);
  fill_normal(run.inputs()[0], 0);
  const Tensor out = run.forward();
  EXPECT_THAT(numbers(out), ElementsAreArray(numbers(run.inputs()[0])));
}

TEST(DropoutLayer, HandsGradientsBackAsTheyAreOutOfTraining) {
  LayerRun run(layer_of("dropout", "{}"), {{{4, 5}, DType::float64}}, Mode::evaluating_with_backward);
  fill_normal(run.inputs()[0], 0);
  run.forward();
  const Tensor gradient = empty(DType::float64, {4, 5}, {});
  fill_normal(gradient, 1);
  run.backward(gradient);
  EXPECT_THAT(numbers(run.input_gradients()[0]), ElementsAreArray(numbers(gradient)));
}

TEST(DropoutLayer, ThreadsDoNotChangeABit) {
  std::vector<Tensor> results;
  for (const int32_t threads : {1, 3}) {
    process_pool().set_num_threads(threads);
    LayerRun run(layer_of("dropout", "{}"), {{{300, 301}, DType::float64}}, true);
    fill_normal(run.inputs()[0], 0);
    results.push_back(run.forward());
    run.backward(results.back());
    results.push_back(clone(run.input_gradients()[0]));
  }
  process_pool().set_num_threads(0);
  EXPECT_TRUE(equal(results[0], results[2], Equality::bitwise));
  EXPECT_TRUE(equal(results[1], results[3], Equality::bitwise));
}

TEST(DropoutLayer, RefusalsNameTheRate) {
  EXPECT_THAT(layer_refusal("dropout", R"({"rate":1})", {{{4, 5}, DType::float64}}),
              HasSubstr("dropout: rate is 1.0: expected a number from 0 to below 1"));
  EXPECT_THAT(layer_refusal("dropout", R"({"rate":-0.5})", {{{4, 5}, DType::float64}}), HasSubstr("rate is -0.5"));
  EXPECT_THAT(layer_refusal("dropout", R"({"p":0.5})", {{{4, 5}, DType::float64}}),
              HasSubstr("dropout has no setting \"p\": it has rate"));
}

}  // namespace
}  // namespace penstock::core::nn
