// Layers made of layers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::HasSubstr;

ValueOutline of(const Extents &shape, DType dtype = DType::float64) { return {shape, dtype}; }

TEST(SequentialLayer, LayersFollowOneAnother) {
  constexpr std::string_view settings =
      R"({"layers":[{"kind":"layer_norm","settings":{"shape":6}},{"kind":"reshape","settings":{"shape":[2,3]}},
                    {"kind":"batch_norm","settings":{"features":2}},{"kind":"flatten"}]})";
  LayerRun run(layer_of("sequential", settings), {of({4, 6})}, true);
  EXPECT_EQ(run.forward().shape, (Extents{4, 6}));
  EXPECT_EQ(run.parameters().size(), 6u);
  expect_true_gradients("sequential", settings, {of({4, 6})});
}

TEST(SequentialLayer, TheFirstLayerIsGivenAllInputs) {
  expect_true_gradients("sequential",
                        R"({"layers":[{"kind":"multi_head_attention","settings":{"features":2,"heads":1}},
                                      {"kind":"rms_norm","settings":{"shape":2,"epsilon":0.1}}]})",
                        {of({1, 2, 2}), of({1, 3, 2}), of({1, 3, 2})});
}

TEST(ResidualLayer, TheInputIsAddedToWhatLayersMakeOfIt) {
  LayerRun run(layer_of("residual", R"({"layers":[{"kind":"rms_norm","settings":{"shape":2,"epsilon":0}}]})"),
               {of({1, 2})}, true);
  fill(run.inputs()[0], {3, -3});
  expect_near(run.forward(), {4, -4});
}

TEST(ResidualLayer, GradientsAreTrue) {
  for (const std::string_view settings :
       {R"({"layers":[{"kind":"layer_norm","settings":{"shape":4}}]})",
        R"({"layers":[{"kind":"layer_norm","settings":{"shape":4}}],"activation":"tanh"})",
        R"({"layers":[{"kind":"residual","settings":{"layers":[{"kind":"rms_norm","settings":{"shape":4}}]}},
                      {"kind":"sequential","settings":{"layers":[]}}]})",
        R"({"layers":[]})"})
    expect_true_gradients("residual", settings, {of({3, 4})});
}

TEST(CompositeLayers, SettingsMakeTheSameLayer) {
  constexpr std::string_view settings =
      R"({"layers":[{"kind":"residual","settings":{"layers":[{"kind":"flatten","settings":{}}],"activation":"relu"}}]})";
  EXPECT_EQ(Json(layer_of("sequential", settings)->settings()).dump(), settings);
}

TEST(CompositeLayers, LayersInsideHaveTheParameters) {
  const std::shared_ptr<Layer> layer =
      layer_of("sequential", R"({"layers":[{"kind":"flatten"},{"kind":"layer_norm","settings":{"shape":4}}]})");
  EXPECT_TRUE(layer->parameters().empty());
  ASSERT_EQ(layer->layers_inside().size(), 2u);
  EXPECT_EQ(layer->layers_inside()[1]->parameters()[0].name, "weight");
}

TEST(CompositeLayers, LayersMayLieAsDeepInEachOtherAsJsonDoes) {
  std::string settings = R"({"layers":[{"kind":"flatten"}]})";
  for (int depth = 0; depth < 15; ++depth)
    settings = R"({"layers":[{"kind":"sequential","settings":)" + settings + "}]}";
  LayerRun run(layer_of("sequential", settings), {of({2, 3, 2})}, false);
  EXPECT_EQ(run.forward().shape, (Extents{2, 6}));
}

TEST(CompositeLayers, WhatDoesNotFitIsRefusedWithItsPlace) {
  EXPECT_THAT(layer_refusal("residual", R"({"layers":[{"kind":"flatten"}]})", {of({2, 3, 4})}),
              HasSubstr("residual: the layers make shape (2, 12) of an input of shape (2, 3, 4): expected the same"));
  EXPECT_THAT(
      layer_refusal("sequential", R"({"layers":[{"kind":"flatten"},{"kind":"layer_norm","settings":{"shape":5}}]})",
                    {of({2, 4})}),
      HasSubstr("sequential: layers[1]: layer_norm: an input has shape (2, 4)"));
  EXPECT_THAT(layer_refusal("sequential", R"({"layers":[{"kind":"flaten"}]})", {of({2, 4})}),
              HasSubstr("sequential: layers[0]: there is no layer \"flaten\""));
  EXPECT_THAT(layer_refusal("sequential", R"({"layers":[{"settings":{}}]})", {of({2, 4})}),
              HasSubstr("sequential: layers[0]: kind is missing"));
  EXPECT_THAT(layer_refusal("sequential", R"({"layers":[{"kind":"flatten","name":"x"}]})", {of({2, 4})}),
              HasSubstr("sequential: layers[0] has no setting \"name\": it has kind"));
  EXPECT_THAT(layer_refusal("sequential", R"({"layers":[7]})", {of({2, 4})}), HasSubstr("expected an object"));
  EXPECT_THAT(layer_refusal("sequential", "{}", {of({2, 4})}), HasSubstr("layers is null: expected a list of layers"));
  EXPECT_THAT(layer_refusal("residual", R"({"layers":[],"activation":"rel"})", {of({2, 4})}), HasSubstr("rel"));
}

}  // namespace
}  // namespace penstock::core::nn
