// Layers that give elements another shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

TEST(ReshapeLayer, ElementsStayInTheirOrder) {
  LayerRun run(layer_of("reshape", R"({"shape":[-1,2]})"), {{{3, 4}, DType::float64}}, true);
  fill_normal(run.inputs()[0], 0);
  const Tensor out = run.forward();
  EXPECT_EQ(out.shape, (Extents{3, 2, 2}));
  EXPECT_THAT(numbers(out), ElementsAreArray(numbers(run.inputs()[0])));
}

TEST(ReshapeLayer, GradientsGoBackAsTheyCome) {
  expect_true_gradients("reshape", R"({"shape":[-1,2]})", {{{3, 4}, DType::float64}});
  expect_true_gradients("flatten", "{}", {{{2, 3, 4}, DType::float64}});
}

TEST(ReshapeLayer, ShapesThatDoNotFitAreRefused) {
  EXPECT_THAT(layer_refusal("reshape", R"({"shape":[5]})", {{{3, 4}, DType::float64}}),
              HasSubstr("an input of shape (3, 4) has 4 elements a sample, which do not fill shape (5,)"));
  EXPECT_THAT(layer_refusal("reshape", R"({"shape":[-1,-1]})", {{{3, 4}, DType::float64}}), HasSubstr("[-1,-1]"));
  EXPECT_THAT(layer_refusal("reshape", R"({"form":[4]})", {{{3, 4}, DType::float64}}), HasSubstr("shape"));
  EXPECT_THAT(layer_refusal("flatten", R"({"form":[4]})", {{{3, 4}, DType::float64}}),
              HasSubstr("flatten has no setting \"form\": it has none"));
  EXPECT_THAT(layer_refusal("flaten", "{}", {{{3, 4}, DType::float64}}), HasSubstr("there is no layer \"flaten\""));
}

}  // namespace
}  // namespace penstock::core::nn
