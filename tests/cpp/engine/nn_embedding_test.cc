// The embedding layer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/tensor/compare.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

void assign_indices(const Tensor &tensor, const std::vector<int64_t> &indices) {
  ASSERT_EQ(tensor.element_count(), static_cast<int64_t>(indices.size()));
  std::copy(indices.begin(), indices.end(), numbers<int64_t>(tensor).begin());
}

TEST(EmbeddingLayer, EachIndexBecomesItsRow) {
  LayerRun run(layer_of("embedding", R"({"count":3,"features":2})"), {{{2, 2}, DType::int64}}, false);
  const auto weight = numbers(run.parameters()[0]);
  for (size_t index = 0; index < 6; ++index) weight[index] = static_cast<double>(index);
  assign_indices(run.inputs()[0], {2, 0, 0, 1});
  const Tensor out = run.forward();
  EXPECT_EQ(out.shape, (Extents{2, 2, 2}));
  EXPECT_THAT(numbers(out), ElementsAre(4, 5, 0, 1, 0, 1, 2, 3));
}

TEST(EmbeddingLayer, GradientsOfARowThatIsUsedTwiceAddUp) {
  LayerRun run(layer_of("embedding", R"({"count":3,"features":2})"), {{{4}, DType::int64}}, true);
  assign_indices(run.inputs()[0], {2, 0, 2, 2});
  const Tensor out = run.forward();
  const double given[] = {1, 2, 3, 4, 5, 6, 7, 8};
  std::copy(std::begin(given), std::end(given), numbers(out).begin());
  run.backward(out);
  EXPECT_THAT(numbers(run.parameter_gradients()[0]), ElementsAre(3, 4, 0, 0, 13, 16));
}

TEST(EmbeddingLayer, GradientsAreTrue) {
  expect_true_gradients("embedding", R"({"count":3,"features":2})", {{{0, 4}, DType::int64}});
  LayerRun run(layer_of("embedding", R"({"count":1,"features":2})"), {{{0, 4}, DType::int64}}, true);
  EXPECT_EQ(run.forward().shape, (Extents{0, 4, 2}));
  run.backward(empty(DType::float64, {0, 4, 2}, {}));
  EXPECT_THAT(numbers(run.parameter_gradients()[0]), Each(0.0));
}

TEST(EmbeddingLayer, IndicesOutsideAreRefusedBeforeAnythingIsWritten) {
  for (const auto &[index, named] :
       {std::pair<int64_t, const char *>{3, "is 3"}, {-1, "is -1"}, {INT64_MIN, "is -9223"}}) {
    LayerRun run(layer_of("embedding", R"({"count":3,"features":2})"), {{{2, 3}, DType::int64}}, false);
    assign_indices(run.inputs()[0], {0, 1, 2, 2, index, 0});
    const auto *out = reinterpret_cast<const double *>(run.plan_run().output());
    const std::vector<double> before(out, out + 12);
    try {
      run.forward();
      FAIL() << index << " was taken";
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), Status::out_of_range);
      EXPECT_THAT(error.sentence(), HasSubstr("embedding: the index at (1, 1) " + std::string(named)));
      EXPECT_THAT(error.sentence(), HasSubstr("expected 0 to 2"));
    }
    EXPECT_EQ(std::memcmp(before.data(), out, 12 * sizeof(double)), 0);
  }
}

TEST(EmbeddingLayer, ThreadsDoNotChangeABit) {
  std::vector<Tensor> results;
  for (const int32_t threads : {1, 3}) {
    process_pool().set_num_threads(threads);
    LayerRun run(layer_of("embedding", R"({"count":50,"features":33})", DType::float32), {{{100, 40}, DType::int64}},
                 true, DType::float32);
    for (size_t index = 0; index < 4000; ++index)
      numbers<int64_t>(run.inputs()[0])[index] = static_cast<int64_t>(index * index % 47);
    results.push_back(run.forward());
    const Tensor gradient = empty(DType::float32, {100, 40, 33}, {});
    fill_normal(gradient, 1);
    run.backward(gradient);
    results.push_back(clone(run.parameter_gradients()[0]));
  }
  process_pool().set_num_threads(0);
  EXPECT_TRUE(equal(results[0], results[2], Equality::bitwise));
  EXPECT_TRUE(equal(results[1], results[3], Equality::bitwise));
}

TEST(EmbeddingLayer, BeginsWithStandardNormalNumbers) {
  const std::shared_ptr<Layer> layer = layer_of("embedding", R"({"count":100,"features":100})");
  double sum = 0, squares = 0;
  for (const double each : numbers(layer->parameters()[0].value)) {
    sum += each;
    squares += each * each;
  }
  EXPECT_NEAR(sum / 1e4, 0, 0.05);
  EXPECT_NEAR(squares / 1e4, 1, 0.05);
  EXPECT_EQ(Json(layer->settings()).dump(),
            R"({"count":100,"features":100,"weight_initializer":{"name":"normal","mean":0.0,"deviation":1.0}})");
}

TEST(EmbeddingLayer, RefusalsNameTheInput) {
  EXPECT_THAT(layer_refusal("embedding", R"({"count":3,"features":2})", {{{2, 3}, DType::float64}}),
              HasSubstr("embedding: an input of float64 and shape (2, 3) was given: expected int64 indices"));
  EXPECT_THAT(layer_refusal("embedding", R"({"count":3})", {}), HasSubstr("embedding: features is missing"));
}

}  // namespace
}  // namespace penstock::core::nn
