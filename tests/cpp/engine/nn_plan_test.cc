// Plans: where buffers lie, and what runs of them compute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "core/nn/plan_layout.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::HasSubstr;

bool share_time(const PlacedBuffer &one, const PlacedBuffer &other) {
  return one.first <= other.last && other.first <= one.last;
}

bool share_bytes(const PlacedBuffer &one, const PlacedBuffer &other) {
  return one.offset < other.offset + other.nbytes && other.offset < one.offset + one.nbytes;
}

std::vector<PlacedBuffer> draw_buffers(std::mt19937 &random) {
  const auto below = [&](uint32_t limit) { return static_cast<int32_t>(random() % limit); };
  std::vector<PlacedBuffer> buffers(1 + random() % 40);
  for (PlacedBuffer &buffer : buffers) {
    buffer.nbytes = random() % 8 == 0 ? 0 : 1 + below(2000);
    buffer.first = below(20);
    buffer.last = buffer.first + below(10);
  }
  return buffers;
}

TEST(PlanLayout, BuffersThatAreNeededAtTheSameTimeNeverShareBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<PlacedBuffer> buffers = draw_buffers(random);
    const int64_t size = place_buffers(buffers);
    for (const PlacedBuffer &one : buffers) {
      ASSERT_GE(one.offset, 0);
      ASSERT_EQ(one.offset % 64, 0);
      ASSERT_LE(one.offset + one.nbytes, size);
      for (const PlacedBuffer &other : buffers)
        if (&one != &other && share_time(one, other)) {
          ASSERT_FALSE(share_bytes(one, other)) << "round " << round;
        }
    }
  }
}

TEST(PlanLayout, BuffersThatAreNeededOneAfterTheOtherLieInOnePlace) {
  std::vector<PlacedBuffer> buffers{{640, 0, 1, -1}, {640, 2, 3, -1}, {100, 4, 4, -1}};
  EXPECT_EQ(place_buffers(buffers), 640);
  for (const PlacedBuffer &buffer : buffers) EXPECT_EQ(buffer.offset, 0);
}

const char *const four_layers = R"({"layers":[
    {"kind":"dense","settings":{"in_features":64,"out_features":64,"activation":"relu"}},
    {"kind":"dense","settings":{"in_features":64,"out_features":64,"activation":"relu"}},
    {"kind":"dense","settings":{"in_features":64,"out_features":64,"activation":"relu"}},
    {"kind":"dense","settings":{"in_features":64,"out_features":64}}]})";

// Of all that the steps write.
int64_t sum_of_values(const Plan &plan) {
  int64_t sum = 0;
  for (size_t value = static_cast<size_t>(plan.input_count()); value < plan.values().size(); ++value)
    sum += plan.values()[value].nbytes();
  return sum;
}

TEST(Plan, APredictionNeedsTwoValuesAtATimeHoweverManyLayersThereAre) {
  const LayerRun run(layer_of("sequential", four_layers), {{{32, 64}, DType::float64}}, false);
  EXPECT_EQ(run.plan().arena_nbytes(), sum_of_values(run.plan()) / 2);
}

TEST(Plan, GradientsTakeThePlaceOfWhatIsNoLongerRead) {
  const LayerRun run(layer_of("sequential", four_layers), {{{32, 64}, DType::float64}}, true);
  EXPECT_LT(run.plan().arena_nbytes(), 2 * sum_of_values(run.plan()));
}

TEST(Plan, AValueThatIsReadTwiceGetsTheSumOfBothGradients) {
  LayerRun run(layer_of("residual", R"({"layers":[{"kind":"dense","settings":
      {"in_features":2,"out_features":2,"use_bias":false}}]})"),
               {{{1, 2}, DType::float64}}, true);
  fill(run.parameters()[0], {1, 2, 3, 4});
  fill(run.inputs()[0], {5, 6});
  EXPECT_THAT(numbers(run.forward()), testing::ElementsAre(5 + 17, 6 + 39));
  const Tensor gradient = empty(DType::float64, {1, 2}, {});
  fill(gradient, {1, 10});
  run.backward(gradient);
  EXPECT_THAT(numbers(run.input_gradients()[0]), testing::ElementsAre(1 + 31, 10 + 42));
  EXPECT_THAT(numbers(run.parameter_gradients()[0]), testing::ElementsAre(5, 6, 50, 60));
}

TEST(Plan, ResidualsInResidualsHaveTrueGradients) {
  expect_true_gradients("residual", R"({"layers":[
      {"kind":"dense","settings":{"in_features":3,"out_features":3,"activation":"tanh"}},
      {"kind":"residual","settings":{"activation":"silu","layers":[
        {"kind":"dense","settings":{"in_features":3,"out_features":3,"activation":"gelu"}},
        {"kind":"tanh"}]}}]})",
                        {{{4, 3}, DType::float64}});
}

TEST(Plan, ALayerMayStandInANetworkOnce) {
  const std::shared_ptr<Layer> layer = layer_of("dense", R"({"in_features":2,"out_features":2})");
  const ValueOutline input{{1, 2}, DType::float64};
  try {
    const Plan plan(std::span(&input, 1), {.dtype = DType::float64},
                    [&](Tracer &tracer, std::span<const Value> values) {
                      const Value once = layer->trace(tracer, values);
                      return layer->trace(tracer, std::span(&once, 1));
                    });
    FAIL() << "nothing was thrown";
  } catch (const Error &error) {
    EXPECT_THAT(error.sentence(), HasSubstr("weight is used twice"));
  }
}

TEST(Plan, ANetworkWithoutAnOperationIsRefused) {
  EXPECT_THAT(layer_refusal("sequential", R"({"layers":[]})", {{{1, 2}, DType::float64}}), HasSubstr("no operation"));
}

}  // namespace
}  // namespace penstock::core::nn
