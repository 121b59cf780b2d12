// The greatest and the mean of windows.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "core/base/thread_pool.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::NanSensitiveDoubleEq;
using testing::Pointwise;

constexpr DType real = DType::float64;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct PlainPool {
  bool is_maximum = true, ceil_mode = false, count_include_pad = true;
  std::array<int64_t, 2> size{1, 1}, kernel{1, 1}, stride{1, 1}, padding{0, 0}, dilation{1, 1};

  int64_t output_size(size_t axis) const {
    const int64_t room = size[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1;
    int64_t count = (room + (ceil_mode ? stride[axis] - 1 : 0)) / stride[axis] + 1;
    if (ceil_mode && (count - 1) * stride[axis] >= size[axis] + padding[axis]) --count;
    return count;
  }

  std::string settings() const {
    const auto pair = [](const std::array<int64_t, 2> &both) { return text("[", both[0], ",", both[1], "]"); };
    const auto truth = [](bool value) { return value ? "true" : "false"; };
    const std::string more =
        is_maximum ? text(R"("dilation":)", pair(dilation)) : text(R"("count_include_pad":)", truth(count_include_pad));
    return text(R"({"kernel_size":)", pair(kernel), R"(,"stride":)", pair(stride), R"(,"padding":)", pair(padding),
                R"(,"ceil_mode":)", truth(ceil_mode), ",", more, "}");
  }

  double at(std::span<const double> plane, int64_t row, int64_t column) const {
    double best = -std::numeric_limits<double>::infinity(), sum = 0;
    int64_t inside = 0, counted = 0;
    for (int64_t tap_y = 0; tap_y < kernel[0]; ++tap_y)
      for (int64_t tap_x = 0; tap_x < kernel[1]; ++tap_x) {
        const int64_t y = row * stride[0] - padding[0] + tap_y * dilation[0];
        const int64_t x = column * stride[1] - padding[1] + tap_x * dilation[1];
        counted += y < size[0] + padding[0] && x < size[1] + padding[1];
        if (y < 0 || y >= size[0] || x < 0 || x >= size[1]) continue;
        const double number = plane[static_cast<size_t>(y * size[1] + x)];
        best = std::max(best, number);
        sum += number;
        ++inside;
      }
    return is_maximum ? best : sum / static_cast<double>(count_include_pad ? counted : inside);
  }
};

PlainPool drawn_pool(std::mt19937 &random, bool is_maximum) {
  const auto draw = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random() % static_cast<uint32_t>(most - least + 1));
  };
  PlainPool plain;
  plain.is_maximum = is_maximum;
  plain.ceil_mode = draw(0, 1) > 0;
  plain.count_include_pad = draw(0, 1) > 0;
  for (size_t axis = 0; axis < 2; ++axis) {
    plain.kernel[axis] = draw(1, 5);
    plain.stride[axis] = draw(1, 4);
    plain.dilation[axis] = is_maximum ? draw(1, 3) : 1;
    const int64_t window = plain.dilation[axis] * (plain.kernel[axis] - 1) + 1;
    plain.padding[axis] = draw(0, window / 2);
    plain.size[axis] = std::max<int64_t>(1, window - 2 * plain.padding[axis]) + draw(0, 40);
  }
  return plain;
}

class DrawnPool : public testing::TestWithParam<bool> {};

TEST_P(DrawnPool, IsWhatEachWindowSays) {
  std::mt19937 random(5);
  for (int32_t round = 0; round < 200; ++round) {
    const PlainPool plain = drawn_pool(random, GetParam());
    LayerRun run(layer_of(GetParam() ? "max_pool_2d" : "avg_pool_2d", plain.settings()),
                 {{{2, 3, plain.size[0], plain.size[1]}, real}}, false);
    fill_normal(run.inputs()[0], 1);
    const Tensor out = run.forward();
    ASSERT_EQ(out.shape, (Extents{2, 3, plain.output_size(0), plain.output_size(1)})) << plain.settings();
    std::vector<double> expected;
    for (size_t plane = 0; plane < 6; ++plane) {
      const auto size = static_cast<size_t>(plain.size[0] * plain.size[1]);
      for (int64_t row = 0; row < plain.output_size(0); ++row)
        for (int64_t column = 0; column < plain.output_size(1); ++column)
          expected.push_back(plain.at(numbers(run.inputs()[0]).subspan(plane * size, size), row, column));
    }
    ASSERT_THAT(numbers(out), Pointwise(DoubleEq(), expected)) << plain.settings();
  }
}
INSTANTIATE_TEST_SUITE_P(BothKinds, DrawnPool, testing::Bool());

TEST(Pooling, GradientsAreTrue) {
  const std::vector<ValueOutline> planes = {{{2, 3, 7, 6}, real}};
  for (const char *settings :
       {R"({"kernel_size":2})", R"({"kernel_size":3,"stride":2,"padding":1})", R"({"kernel_size":[2,3],"stride":1})",
        R"({"kernel_size":3,"stride":[2,3],"ceil_mode":true})"}) {
    expect_true_gradients("max_pool_2d", settings, planes);
    expect_true_gradients("avg_pool_2d", settings, planes);
  }
  expect_true_gradients("max_pool_2d", R"({"kernel_size":2,"dilation":[3,2],"padding":1})", planes);
  expect_true_gradients("avg_pool_2d", R"({"kernel_size":3,"padding":1,"count_include_pad":false})", planes);
  expect_true_gradients("global_avg_pool_2d", "{}", planes);
}

void fill(const Tensor &tensor, const std::vector<double> &values) {
  std::copy(values.begin(), values.end(), numbers(tensor).begin());
}

// x = torch.tensor([[[[1, 5, 2, 2], [5, 3, nan, 1], [0, -1, 7, 7], [2, 2, 7, 8]]]])
// torch.nn.functional.max_pool2d(x, 2), and its gradient for [[[[1, 2], [3, 4]]]]
TEST(Pooling, TheFirstOfEqualsHasTheGradientAndNaNIsGreatest) {
  LayerRun run(layer_of("max_pool_2d", R"({"kernel_size":2})"), {{{1, 1, 4, 4}, real}}, true);
  fill(run.inputs()[0], {1, 5, 2, 2, 5, 3, nan, 1, 0, -1, 7, 7, 2, 2, 7, 8});
  const Tensor out = run.forward();
  EXPECT_THAT(numbers(out), ElementsAre(5, NanSensitiveDoubleEq(nan), 2, 8));
  fill(out, {1, 2, 3, 4});
  run.backward(out);
  EXPECT_THAT(numbers(run.input_gradients()[0]), ElementsAre(0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 4));
}

TEST(Pooling, AWindowOfMinusInfinityGivesItsFirstElementTheGradient) {
  LayerRun run(layer_of("max_pool_2d", R"({"kernel_size":2})"), {{{1, 1, 2, 2}, real}}, true);
  fill(run.inputs()[0], std::vector<double>(4, -std::numeric_limits<double>::infinity()));
  const Tensor out = run.forward();
  EXPECT_THAT(numbers(out), ElementsAre(-std::numeric_limits<double>::infinity()));
  fill(out, {3});
  run.backward(out);
  EXPECT_THAT(numbers(run.input_gradients()[0]), ElementsAre(3, 0, 0, 0));
}

// torch.nn.functional.avg_pool2d(torch.arange(1., 17).reshape(1, 1, 4, 4), 3, 2, 1, ceil_mode=True)
TEST(Pooling, AWindowBeyondThePaddingIsDividedByWhatItHolds) {
  LayerRun run(layer_of("avg_pool_2d", R"({"kernel_size":3,"stride":2,"padding":1,"ceil_mode":true})"),
               {{{1, 1, 4, 4}, real}}, false);
  std::vector<double> counting(16);
  for (size_t index = 0; index < 16; ++index) counting[index] = static_cast<double>(index + 1);
  fill(run.inputs()[0], counting);
  const std::vector<double> expected = {14.0 / 9, 10.0 / 3, 2, 19.0 / 3, 11, 6, 4.5, 7.5, 4};
  EXPECT_THAT(numbers(run.forward()), Pointwise(DoubleEq(), expected));
}

TEST(Pooling, GlobalMeansAreThoseOfEachPlane) {
  LayerRun run(layer_of("global_avg_pool_2d", "{}"), {{{2, 3, 9, 11}, real}}, false);
  fill_normal(run.inputs()[0], 1);
  const Tensor out = run.forward();
  ASSERT_EQ(out.shape, (Extents{2, 3}));
  for (size_t plane = 0; plane < 6; ++plane) {
    double sum = 0;
    for (const double number : numbers(run.inputs()[0]).subspan(plane * 99, 99)) sum += number;
    EXPECT_NEAR(numbers(out)[plane], sum / 99, 1e-15);
  }
}

TEST(Pooling, BitsDoNotDependOnTheThreads) {
  for (const char *kind : {"max_pool_2d", "avg_pool_2d", "global_avg_pool_2d"}) {
    std::vector<std::vector<float>> results;
    for (const int32_t threads : {1, 2}) {
      process_pool().set_num_threads(threads);
      const char *const settings =
          std::string_view(kind) == "global_avg_pool_2d" ? "{}" : R"({"kernel_size":3,"stride":2,"padding":1})";
      LayerRun run(layer_of(kind, settings, DType::float32), {{{8, 16, 33, 31}, DType::float32}}, true, DType::float32);
      fill_normal(run.inputs()[0], 1);
      const Tensor out = run.forward();
      std::vector<float> all(numbers<float>(out).begin(), numbers<float>(out).end());
      run.backward(out);
      const std::span<float> gradient = numbers<float>(run.input_gradients()[0]);
      all.insert(all.end(), gradient.begin(), gradient.end());
      results.push_back(std::move(all));
    }
    process_pool().set_num_threads(0);
    EXPECT_EQ(results[0], results[1]) << kind;
  }
}

TEST(Pooling, AnEmptyBatchStaysEmpty) {
  for (const char *kind : {"max_pool_2d", "avg_pool_2d"}) {
    LayerRun run(layer_of(kind, R"({"kernel_size":2})"), {{{0, 2, 4, 4}, real}}, true);
    const Tensor out = run.forward();
    EXPECT_EQ(out.shape, (Extents{0, 2, 2, 2}));
    run.backward(out);
  }
  LayerRun run(layer_of("global_avg_pool_2d", "{}"), {{{0, 2, 4, 4}, real}}, true);
  run.backward(run.forward());
}

TEST(Pooling, SettingsMakeTheSameLayerAgain) {
  for (const char *kind : {"max_pool_2d", "avg_pool_2d"}) {
    const std::shared_ptr<Layer> layer = layer_of(kind, R"({"kernel_size":[2,3],"padding":[1,0],"ceil_mode":true})");
    const Json settings(layer->settings());
    EXPECT_THAT(settings.dump(), HasSubstr(R"("stride":[2,3])"));
    EXPECT_EQ(Json(make_layer(kind, settings, real)->settings()).dump(), settings.dump());
  }
}

TEST(Pooling, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(
      layer_refusal("max_pool_2d", R"({"kernel_size":5})", {{{2, 3, 4, 9}, real}}),
      HasSubstr("max_pool_2d: the input's shape is (2, 3, 4, 9), with padding 4 elements along axis 2: expected at "
                "least 5, the window's size"));
  EXPECT_THAT(layer_refusal("avg_pool_2d", R"({"kernel_size":2})", {{{2, 3, 4}, real}}),
              HasSubstr("avg_pool_2d: the input's shape is (2, 3, 4): expected (samples, channels, rows, columns)"));
  EXPECT_THAT(layer_refusal("global_avg_pool_2d", "{}", {{{2, 3}, real}}), HasSubstr("global_avg_pool_2d"));
  EXPECT_THAT(layer_refusal("global_avg_pool_2d", "{}", {{{2, 3, 0, 4}, real}}), HasSubstr("(2, 3, 0, 4)"));
  EXPECT_THAT(layer_refusal("max_pool_2d", R"({"kernel_size":2,"padding":2})", {{{2, 3, 4, 4}, real}}),
              HasSubstr("max_pool_2d: padding is [2,2]: expected at most half a window, which has 2 x 2 elements"));
  EXPECT_THAT(layer_refusal("avg_pool_2d", R"({"kernel_size":2,"dilation":2})", {{{2, 3, 4, 4}, real}}),
              HasSubstr("no setting \"dilation\""));
  EXPECT_THAT(layer_refusal("max_pool_2d", "{}", {{{2, 3, 4, 4}, real}}), HasSubstr("kernel_size is missing"));
}

}  // namespace
}  // namespace penstock::core::nn
