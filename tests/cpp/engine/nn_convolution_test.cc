// Convolutions over one and two axes, and the transposed one.
#include <algorithm>
#include <array>
#include <ostream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "core/base/thread_pool.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr DType real = DType::float64;

// What a convolution is, element by element.
struct PlainConvolution {
  int64_t samples = 1, in = 1, out = 1, groups = 1;
  int64_t rows = 1, columns = 1;
  std::array<int64_t, 2> kernel{1, 1}, stride{1, 1}, padding{0, 0}, dilation{1, 1}, output_padding{0, 0};
  bool is_transposed = false, use_bias = true;

  int64_t output_size(size_t axis) const {
    const int64_t size = axis == 0 ? rows : columns, window = dilation[axis] * (kernel[axis] - 1) + 1;
    if (is_transposed) return (size - 1) * stride[axis] - 2 * padding[axis] + window + output_padding[axis];
    return (size + 2 * padding[axis] - window) / stride[axis] + 1;
  }

  std::string settings() const {
    const auto pair = [](const std::array<int64_t, 2> &both) { return text("[", both[0], ",", both[1], "]"); };
    std::string more = use_bias ? "" : R"(,"use_bias":false)";
    if (is_transposed) more += text(R"(,"output_padding":)", pair(output_padding));
    return text(R"({"in_channels":)", in, R"(,"out_channels":)", out, R"(,"groups":)", groups, R"(,"kernel_size":)",
                pair(kernel), R"(,"stride":)", pair(stride), R"(,"padding":)", pair(padding), R"(,"dilation":)",
                pair(dilation), more, "}");
  }

  std::vector<double> of(std::span<const double> input, std::span<const double> weight,
                         std::span<const double> bias) const {
    const int64_t wide_rows = is_transposed ? output_size(0) : rows,
                  wide_columns = is_transposed ? output_size(1) : columns;
    const int64_t narrow_rows = is_transposed ? rows : output_size(0);
    const int64_t narrow_columns = is_transposed ? columns : output_size(1);
    const int64_t wide_channels = is_transposed ? out : in, narrow_channels = is_transposed ? in : out;
    const int64_t group_wide = wide_channels / groups, group_narrow = narrow_channels / groups;
    std::vector<double> result(static_cast<size_t>(samples * out * output_size(0) * output_size(1)));
    for (size_t index = 0; index < result.size() && use_bias; ++index)
      result[index] = bias[index / static_cast<size_t>(output_size(0) * output_size(1)) % static_cast<size_t>(out)];
    for (int64_t sample = 0; sample < samples; ++sample)
      for (int64_t narrow = 0; narrow < narrow_channels; ++narrow)
        for (int64_t wide = 0; wide < group_wide; ++wide)
          for (int64_t y = 0; y < narrow_rows; ++y)
            for (int64_t x = 0; x < narrow_columns; ++x)
              for (int64_t tap_y = 0; tap_y < kernel[0]; ++tap_y)
                for (int64_t tap_x = 0; tap_x < kernel[1]; ++tap_x) {
                  const int64_t wide_y = y * stride[0] + tap_y * dilation[0] - padding[0];
                  const int64_t wide_x = x * stride[1] + tap_x * dilation[1] - padding[1];
                  if (wide_y < 0 || wide_y >= wide_rows || wide_x < 0 || wide_x >= wide_columns) continue;
                  const int64_t channel = narrow / group_narrow * group_wide + wide;
                  const auto at_wide = static_cast<size_t>(
                      ((sample * wide_channels + channel) * wide_rows + wide_y) * wide_columns + wide_x);
                  const auto at_narrow =
                      static_cast<size_t>(((sample * narrow_channels + narrow) * narrow_rows + y) * narrow_columns + x);
                  const double factor = weight[static_cast<size_t>(
                      ((narrow * group_wide + wide) * kernel[0] + tap_y) * kernel[1] + tap_x)];
                  if (is_transposed)
                    result[at_wide] += input[at_narrow] * factor;
                  else
                    result[at_narrow] += input[at_wide] * factor;
                }
    return result;
  }
};

PlainConvolution drawn_convolution(std::mt19937 &random, bool is_transposed) {
  const auto draw = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random() % static_cast<uint32_t>(most - least + 1));
  };
  PlainConvolution plain;
  plain.is_transposed = is_transposed;
  plain.samples = draw(1, 5);
  plain.groups = draw(1, 3);
  plain.in = plain.groups * draw(1, 6);
  plain.out = plain.groups * draw(1, 10);
  plain.use_bias = draw(0, 3) > 0;
  const bool is_large = draw(0, 9) == 0;
  for (size_t axis = 0; axis < 2; ++axis) {
    plain.kernel[axis] = draw(1, 5);
    plain.stride[axis] = draw(1, 4);
    plain.dilation[axis] = draw(1, 3);
    plain.padding[axis] = draw(0, 4);
    plain.output_padding[axis] = draw(0, std::max(plain.stride[axis], plain.dilation[axis]) - 1);
    const int64_t window = plain.dilation[axis] * (plain.kernel[axis] - 1) + 1;
    const int64_t least = is_transposed ? 2 * plain.padding[axis] + 1 : window - 2 * plain.padding[axis];
    int64_t &size = axis == 0 ? plain.rows : plain.columns;
    size = std::max<int64_t>(1, least) + draw(0, is_large ? 60 : 9);
  }
  return plain;
}

class DrawnConvolution : public testing::TestWithParam<bool> {};

TEST_P(DrawnConvolution, AreWhatTheSumSays) {
  std::mt19937 random(11);
  for (int32_t round = 0; round < 100; ++round) {
    const PlainConvolution plain = drawn_convolution(random, GetParam());
    const std::string_view kind = GetParam() ? "conv_transpose_2d" : "conv_2d";
    LayerRun run(layer_of(kind, plain.settings()), {{{plain.samples, plain.in, plain.rows, plain.columns}, real}},
                 false);
    fill_normal(run.inputs()[0], 1);
    const Tensor out = run.forward();
    ASSERT_EQ(out.shape, (Extents{plain.samples, plain.out, plain.output_size(0), plain.output_size(1)}));
    const std::vector<double> expected = plain.of(numbers(run.inputs()[0]), numbers(run.parameters()[0]),
                                                  plain.use_bias ? numbers(run.parameters()[1]) : std::span<double>());
    for (size_t index = 0; index < expected.size(); ++index)
      ASSERT_NEAR(numbers(out)[index], expected[index], 1e-11)
          << plain.settings() << " round " << round << " " << index;
  }
}
INSTANTIATE_TEST_SUITE_P(BothWays, DrawnConvolution, testing::Bool());

struct GradientCase {
  const char *kind, *settings;
  Extents shape;
};

void PrintTo(const GradientCase &each, std::ostream *stream) { *stream << each.kind << " " << each.settings; }

class ConvolutionGradients : public testing::TestWithParam<GradientCase> {};

TEST_P(ConvolutionGradients, AreTrue) {
  expect_true_gradients(GetParam().kind, GetParam().settings, {{GetParam().shape, real}});
}
INSTANTIATE_TEST_SUITE_P(
    Each, ConvolutionGradients,
    testing::Values(
        GradientCase{"conv_1d", R"({"in_channels":2,"out_channels":3,"kernel_size":3})", {2, 2, 7}},
        GradientCase{"conv_1d",
                     R"({"in_channels":2,"out_channels":2,"kernel_size":4,"padding":"same","dilation":2})",
                     {3, 2, 9}},
        GradientCase{
            "conv_1d", R"({"in_channels":4,"out_channels":6,"kernel_size":2,"stride":3,"groups":2})", {2, 4, 11}},
        GradientCase{"conv_2d", R"({"in_channels":2,"out_channels":3,"kernel_size":3,"padding":1})", {2, 2, 5, 6}},
        GradientCase{
            "conv_2d", R"({"in_channels":1,"out_channels":9,"kernel_size":[2,3],"stride":[2,1]})", {5, 1, 5, 4}},
        GradientCase{"conv_2d",
                     R"({"in_channels":3,"out_channels":2,"kernel_size":3,"stride":2,"padding":2,"dilation":2})",
                     {2, 3, 7, 6}},
        GradientCase{"conv_2d", R"({"in_channels":2,"out_channels":2,"kernel_size":2,"stride":3})", {2, 2, 7, 8}},
        GradientCase{"conv_2d",
                     R"({"in_channels":4,"out_channels":4,"kernel_size":3,"groups":4,"padding":"same"})",
                     {2, 4, 4, 5}},
        GradientCase{"conv_2d",
                     R"({"in_channels":3,"out_channels":3,"kernel_size":[1,4],"padding":"same","use_bias":false})",
                     {1, 3, 3, 5}},
        GradientCase{"conv_2d", R"({"in_channels":5,"out_channels":3,"kernel_size":1})", {7, 5, 1, 1}},
        GradientCase{
            "conv_2d", R"({"in_channels":2,"out_channels":3,"kernel_size":3,"activation":"tanh"})", {2, 2, 5, 5}},
        GradientCase{
            "conv_2d", R"({"in_channels":2,"out_channels":3,"kernel_size":3,"activation":"gelu"})", {2, 2, 5, 5}},
        GradientCase{
            "conv_2d", R"({"in_channels":2,"out_channels":3,"kernel_size":2,"activation":"softmax"})", {2, 2, 3, 4}},
        GradientCase{"conv_transpose_2d", R"({"in_channels":2,"out_channels":3,"kernel_size":3})", {2, 2, 3, 4}},
        GradientCase{
            "conv_transpose_2d",
            R"({"in_channels":2,"out_channels":4,"kernel_size":4,"stride":2,"padding":1,"groups":2,"activation":"silu"})",
            {2, 2, 3, 3}},
        GradientCase{
            "conv_transpose_2d",
            R"({"in_channels":3,"out_channels":2,"kernel_size":2,"stride":[3,4],"output_padding":[2,1],"activation":"sigmoid"})",
            {1, 3, 3, 2}},
        GradientCase{
            "conv_transpose_2d",
            R"({"in_channels":2,"out_channels":2,"kernel_size":3,"dilation":2,"stride":2,"padding":[0,2],"output_padding":1})",
            {2, 2, 2, 3}}));

// Elements as counted: 0, 1, 2 ... times scale, minus begin.
void fill_counting(const Tensor &tensor, double begin, double scale) {
  double number = begin;
  for (double &element : numbers(tensor)) {
    element = number;
    number += scale;
  }
}

TEST(Convolution, ValuesAreTorchs) {
  LayerRun same(layer_of("conv_1d", R"({"in_channels":1,"out_channels":1,"kernel_size":4,"padding":"same"})"),
                {{{1, 1, 5}, real}}, false);
  fill_counting(same.inputs()[0], 1, 1);
  fill_counting(same.parameters()[0], 1, 1);
  fill_counting(same.parameters()[1], 0.5, 0);
  // torch.nn.functional.conv1d([[[1, 2, 3, 4, 5]]], [[[1, 2, 3, 4]]], [0.5], padding="same")
  EXPECT_THAT(numbers(same.forward()), ElementsAreArray({20.5, 30.5, 40.5, 26.5, 14.5}));

  LayerRun transposed(layer_of("conv_transpose_2d",
                               R"({"in_channels":1,"out_channels":1,"kernel_size":2,"stride":2,"output_padding":1})"),
                      {{{1, 1, 2, 2}, real}}, false);
  fill_counting(transposed.inputs()[0], 1, 1);
  fill_counting(transposed.parameters()[0], 1, 1);
  fill_counting(transposed.parameters()[1], 0.5, 0);
  // torch.nn.functional.conv_transpose2d([[[[1, 2], [3, 4]]]], [[[[1, 2], [3, 4]]]], [0.5], stride=2, output_padding=1)
  EXPECT_THAT(numbers(transposed.forward()),
              ElementsAreArray({1.5, 2.5, 2.5, 4.5,  0.5,  3.5,  4.5, 6.5, 8.5, 0.5, 3.5, 6.5, 4.5,
                                8.5, 0.5, 9.5, 12.5, 12.5, 16.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}));
}

// All that a step computes, as bytes.
template <typename Element>
std::vector<Element> results_of(std::string_view kind, std::string_view settings, const Extents &shape) {
  constexpr DType dtype = sizeof(Element) == 4 ? DType::float32 : DType::float64;
  LayerRun run(layer_of(kind, settings, dtype), {{shape, dtype}}, true, dtype);
  fill_normal(run.inputs()[0], 1);
  const Tensor out = run.forward();
  const Tensor gradient = empty(dtype, out.shape, {});
  fill_normal(gradient, 2);
  run.backward(gradient);
  std::vector<Element> all(numbers<Element>(out).begin(), numbers<Element>(out).end());
  for (const std::vector<Tensor> *tensors : {&run.input_gradients(), &run.parameter_gradients()})
    for (const Tensor &tensor : *tensors)
      all.insert(all.end(), numbers<Element>(tensor).begin(), numbers<Element>(tensor).end());
  return all;
}

const GradientCase large_cases[] = {
    {"conv_2d", R"({"in_channels":6,"out_channels":16,"kernel_size":5,"activation":"relu"})", {32, 6, 12, 12}},
    {"conv_2d", R"({"in_channels":64,"out_channels":48,"kernel_size":3,"padding":1,"stride":2})", {3, 64, 40, 40}},
    {"conv_2d", R"({"in_channels":256,"out_channels":256,"kernel_size":3,"padding":1})", {1, 256, 7, 7}},
    {"conv_2d", R"({"in_channels":32,"out_channels":32,"kernel_size":3,"padding":1,"groups":32})", {4, 32, 30, 30}},
    {"conv_1d", R"({"in_channels":8,"out_channels":8,"kernel_size":9,"padding":"same"})", {2, 8, 30000}},
    {"conv_transpose_2d",
     R"({"in_channels":16,"out_channels":8,"kernel_size":4,"stride":2,"padding":1})",
     {8, 16, 20, 20}},
};

TEST(Convolution, BitsDoNotDependOnTheThreads) {
  for (const GradientCase &each : large_cases) {
    process_pool().set_num_threads(1);
    const std::vector<float> alone = results_of<float>(each.kind, each.settings, each.shape);
    process_pool().set_num_threads(2);
    const std::vector<float> shared = results_of<float>(each.kind, each.settings, each.shape);
    process_pool().set_num_threads(0);
    EXPECT_EQ(alone, shared) << each.kind << each.settings;
  }
}

// Blocks of rows, of columns, of channels and of samples: each way of cutting is met by some of these.
TEST(Convolution, LargeOnesAgreeInBothDtypes) {
  for (const GradientCase &each : large_cases) {
    const std::vector<double> exact = results_of<double>(each.kind, each.settings, each.shape);
    const std::vector<float> rounded = results_of<float>(each.kind, each.settings, each.shape);
    ASSERT_EQ(exact.size(), rounded.size());
    double error = 0, norm = 0;
    for (size_t index = 0; index < exact.size(); ++index) {
      error += (exact[index] - rounded[index]) * (exact[index] - rounded[index]);
      norm += exact[index] * exact[index];
    }
    EXPECT_LE(std::sqrt(error / norm), 1e-5) << each.kind << each.settings;
  }
}

TEST(Convolution, LargeOnesAreWhatTheSumSays) {
  PlainConvolution plain;
  plain.samples = 2;
  plain.in = 24;
  plain.out = 20;
  plain.rows = 61;
  plain.columns = 130;
  plain.kernel = {3, 5};
  plain.padding = {1, 2};
  plain.stride = {1, 2};
  for (const bool is_transposed : {false, true}) {
    plain.is_transposed = is_transposed;
    LayerRun run(layer_of(is_transposed ? "conv_transpose_2d" : "conv_2d", plain.settings()),
                 {{{plain.samples, plain.in, plain.rows, plain.columns}, real}}, false);
    fill_normal(run.inputs()[0], 1);
    const Tensor out = run.forward();
    const std::vector<double> expected =
        plain.of(numbers(run.inputs()[0]), numbers(run.parameters()[0]), numbers(run.parameters()[1]));
    for (size_t index = 0; index < expected.size(); ++index) ASSERT_NEAR(numbers(out)[index], expected[index], 1e-11);
  }
}

// Memory beside the values is what a thread works on, and not a batch's worth of windows.
TEST(Convolution, ScratchDoesNotGrowWithTheBatch) {
  const auto scratch = [](int64_t samples) {
    LayerRun run(layer_of("conv_2d", R"({"in_channels":16,"out_channels":16,"kernel_size":3,"padding":1})"),
                 {{{samples, 16, 32, 32}, real}}, true);
    return run.plan().scratch_buffer().nbytes;
  };
  EXPECT_EQ(scratch(64), scratch(128));
  EXPECT_LE(scratch(64), process_pool().num_threads() * (int64_t{400} << 10) + (int64_t{4} << 20));
}

TEST(Convolution, AnEmptyBatchHasGradientsOfZero) {
  for (const char *kind : {"conv_2d", "conv_transpose_2d"}) {
    LayerRun run(layer_of(kind, R"({"in_channels":2,"out_channels":3,"kernel_size":3,"stride":2})"),
                 {{{0, 2, 5, 5}, real}}, true);
    EXPECT_EQ(run.forward().element_count(), 0);
    run.backward(empty(real, run.plan().output().shape, {}));
    for (const Tensor &gradient : run.parameter_gradients()) EXPECT_THAT(numbers(gradient), testing::Each(0.0)) << kind;
  }
}

TEST(Convolution, SettingsMakeTheSameLayerAgain) {
  for (const GradientCase &each : large_cases) {
    const std::shared_ptr<Layer> layer = layer_of(each.kind, each.settings);
    const Json settings(layer->settings());
    EXPECT_EQ(Json(make_layer(each.kind, settings, real)->settings()).dump(), settings.dump());
  }
}

TEST(Convolution, ParametersBeginAsTorchs) {
  const std::shared_ptr<Layer> layer =
      layer_of("conv_transpose_2d", R"({"in_channels":8,"out_channels":6,"kernel_size":[2,3],"groups":2})");
  ASSERT_EQ(layer->parameters().size(), 2U);
  EXPECT_EQ(layer->parameters()[0].value.shape, (Extents{8, 3, 2, 3}));
  EXPECT_EQ(layer->parameters()[1].value.shape, (Extents{6}));
  const double bound = 1 / std::sqrt(3.0 * 6);
  for (const Parameter &parameter : layer->parameters())
    for (const double number : numbers(parameter.value)) EXPECT_LE(std::abs(number), bound);
}

TEST(Convolution, WhatDoesNotFitIsRefused) {
  const char *const simple = R"({"in_channels":2,"out_channels":3,"kernel_size":3})";
  EXPECT_THAT(layer_refusal("conv_2d", simple, {{{4, 2, 5}, real}}),
              HasSubstr("conv_2d: the input's shape is (4, 2, 5): expected (samples, 2, rows, columns)"));
  EXPECT_THAT(layer_refusal("conv_2d", simple, {{{4, 3, 5, 5}, real}}), HasSubstr("(4, 3, 5, 5)"));
  EXPECT_THAT(
      layer_refusal("conv_1d", simple, {{{4, 2, 2}, real}}),
      HasSubstr("conv_1d: the input's shape is (4, 2, 2), with padding 2 elements along axis 2: expected at least 3, "
                "the window's size"));
  EXPECT_THAT(layer_refusal("conv_transpose_2d", R"({"in_channels":2,"out_channels":3,"kernel_size":3,"padding":2})",
                            {{{4, 2, 1, 5}, real}}),
              HasSubstr("conv_transpose_2d: the input's shape is (4, 2, 1, 5), which makes -1 elements along axis 2"));
  EXPECT_THAT(layer_refusal("conv_2d", simple, {{{4, 2, 5, 0}, real}}), HasSubstr("(4, 2, 5, 0)"));
}

TEST(Convolution, SettingsThatMakeNoSenseAreRefused) {
  const auto refusal = [](const char *kind, const std::string &more) {
    return layer_refusal(kind, text(R"({"in_channels":4,"out_channels":6,"kernel_size":3,)", more, "}"),
                         {{{1, 4, 9, 9}, real}});
  };
  EXPECT_THAT(refusal("conv_2d", R"("groups":3)"),
              HasSubstr("conv_2d: groups is 3: expected a divisor of in_channels 4 and out_channels 6"));
  EXPECT_THAT(refusal("conv_2d", R"("padding":"same","stride":2)"), HasSubstr("expected stride 1"));
  EXPECT_THAT(refusal("conv_2d", R"("padding":"full")"), HasSubstr("\"full\""));
  EXPECT_THAT(refusal("conv_2d", R"("stride":0)"), HasSubstr("stride is 0"));
  EXPECT_THAT(refusal("conv_2d", R"("stride":[1,1,1])"), HasSubstr("stride is [1,1,1]"));
  EXPECT_THAT(refusal("conv_2d", R"("output_padding":1)"), HasSubstr("no setting \"output_padding\""));
  EXPECT_THAT(refusal("conv_transpose_2d", R"("output_padding":1)"), HasSubstr("output_padding is [1,1]"));
  EXPECT_THAT(refusal("conv_transpose_2d", R"("padding":"same")"), HasSubstr("padding is \"same\""));
  EXPECT_THAT(refusal("conv_2d", R"("activation":"sharp")"), HasSubstr("sharp"));
  EXPECT_THAT(refusal("conv_2d", R"("weight_initializer":"large")"), HasSubstr("weight_initializer"));
  EXPECT_THAT(layer_refusal("conv_2d", R"({"out_channels":6,"kernel_size":3})", {{{1, 4, 9, 9}, real}}),
              HasSubstr("in_channels is missing"));
}

}  // namespace
}  // namespace penstock::core::nn
