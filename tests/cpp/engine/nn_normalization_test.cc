// Layers that normalize: batch_norm, layer_norm, rms_norm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation_count.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/normalization_kernels.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::Each;
using testing::ElementsAreArray;
using testing::HasSubstr;

ValueOutline of(const Extents &shape, DType dtype = DType::float64) { return {shape, dtype}; }

TEST(BatchNormLayer, IsAsTorchsInTraining) {
  // torch.nn.BatchNorm1d(2) with weight [0.5, 2], bias [-1, 0.25], on x[i] = 7 i % 11 / 4 - 1 of shape (3, 2, 2), with
  // y.backward(5 i % 11 / 4 - 1).
  LayerRun run(layer_of("batch_norm", R"({"features":2})"), {of({3, 2, 2})}, true);
  fill_ramp(run.inputs()[0], 7);
  fill(run.parameters()[0], {0.5, 2});
  fill(run.parameters()[1], {-1, 0.25});
  expect_near(run.forward(),
              {-1.643262197375, -0.517553351968, -1.011176703891, 3.063394185603, -0.678368901312, -1.321631098688,
               2.481312629961, 0.152986407393, -1.482446648032, -0.356737802625, -0.429095148249, -2.757421370817});
  expect_near(run.parameters()[2], {0, 0.029166666667});
  expect_near(run.parameters()[3], {0.9725, 0.988541666667});
  const Tensor gradient = empty(DType::float64, {3, 2, 2}, {});
  fill_ramp(gradient, 5);
  run.backward(gradient);
  expect_near(run.input_gradients()[0],
              {-0.559159349199, 0.050833877987, 3.284304510081, -1.416158880585, 0.721822435295, -0.132165421035,
               1.084735064385, -1.717483379859, 0.538823136274, -0.620154679322, 0.783410565111, -2.018807879134});
  expect_near(run.parameter_gradients()[0], {0.804077746719, 1.52796408356});
  expect_near(run.parameter_gradients()[1], {0.25, 1.5});
}

TEST(BatchNormLayer, RunningStatisticsServeOutsideTraining) {
  // The same layer after that step, behind torch's eval().
  LayerRun run(layer_of("batch_norm", R"({"features":2})"), {of({3, 2, 2})}, false);
  fill_ramp(run.inputs()[0], 7);
  fill(run.parameters()[0], {0.5, 2});
  fill(run.parameters()[1], {-1, 0.25});
  fill(run.parameters()[2], {0, 0.35 / 12});
  fill(run.parameters()[3], {0.9725, 0.9 + 0.1 * 0.885416666666667});
  expect_near(run.forward(),
              {-1.507017519796, -0.619736860153, -0.311557032435, 3.208651230588, -0.746491240102, -1.253508759898,
               2.70576433587, 0.694216757, -1.380263139847, -0.492982480204, 0.191329862283, -1.820217716587});
  expect_near(run.parameters()[2], {0, 0.35 / 12});
}

TEST(BatchNormLayer, GradientsAreTrueForEachFormOfInput) {
  for (const std::string_view settings :
       {R"({"features":3})", R"({"features":3,"affine":false})", R"({"features":3,"epsilon":0.1,"momentum":0.5})"})
    for (const Extents &shape : {Extents{5, 3}, {2, 3, 4}, {2, 3, 3, 2}, {1, 3, 2}, {4, 3, 1}})
      expect_true_gradients("batch_norm", settings, {of(shape)});
}

TEST(BatchNormLayer, GradientsAreTrueWhereColumnsComeInBlocks) {
  expect_true_gradients("batch_norm", R"({"features":67})", {of({3, 67})});
}

TEST(BatchNormLayer, GradientsAreTrueWhereRunningStatisticsServe) {
  for (const std::string_view settings : {R"({"features":3})", R"({"features":3,"affine":false,"epsilon":0.1})"})
    for (const Extents &shape : {Extents{5, 3}, {1, 3}, {2, 3, 4}, {2, 3, 3, 2}})
      expect_true_gradients("batch_norm", settings, {of(shape)}, Mode::evaluating_with_backward);
}

TEST(BatchNormLayer, TheWayBackTakesTheStatisticsThatTheWayForwardFound) {
  LayerRun run(layer_of("batch_norm", R"({"features":1})"), {of({2, 1})}, Mode::evaluating_with_backward);
  fill(run.inputs()[0], {3, 5});
  fill(run.parameters()[2], {1});
  fill(run.parameters()[3], {4 - 1e-5});
  expect_near(run.forward(), {1, 2});
  expect_near(run.parameters()[2], {1});
  fill(run.parameters()[2], {100});
  fill(run.parameters()[3], {9});
  const Tensor gradient = empty(DType::float64, {2, 1}, {});
  fill(gradient, {10, 1});
  run.backward(gradient);
  expect_near(run.input_gradients()[0], {5, 0.5});
  expect_near(run.parameter_gradients()[0], {12});
  expect_near(run.parameter_gradients()[1], {11});
}

TEST(BatchNormLayer, AnInfinityStaysWhereItIsOnTheWayBackThroughRunningStatistics) {
  LayerRun run(layer_of("batch_norm", R"({"features":1})"), {of({2, 1})}, Mode::evaluating_with_backward);
  fill(run.inputs()[0], {INFINITY, 1});
  fill(run.parameters()[3], {1 - 1e-5});
  run.forward();
  const Tensor gradient = empty(DType::float64, {2, 1}, {});
  fill(gradient, {2, 3});
  run.backward(gradient);
  expect_near(run.input_gradients()[0], {2, 3});
}

// Sums that are cut into pieces, one by one or in columns, are those of an unhurried loop.
TEST(BatchNormLayer, LongBatchesAreSummedInPieces) {
  for (const Extents &shape : {Extents{1100, 3}, {5, 2, 16000}, {1, 1, 70000}}) {
    const int64_t channels = shape[1], size = shape.size() == 3 ? shape[2] : 1, count = shape[0] * size;
    LayerRun run(layer_of("batch_norm", "{\"features\":" + std::to_string(channels) + ",\"momentum\":1}"), {of(shape)},
                 true);
    fill_normal(run.inputs()[0], 0);
    for (double &number : numbers(run.inputs()[0])) number = 3 * number + 100;
    run.forward();
    for (int64_t channel = 0; channel < channels; ++channel) {
      double mean = 0, squares = 0;
      const auto each = [&](auto take) {
        for (int64_t position = 0; position < count; ++position)
          take(numbers(
              run.inputs()[0])[static_cast<size_t>((position / size * channels + channel) * size + position % size)]);
      };
      each([&](double number) { mean += number / static_cast<double>(count); });
      each([&](double number) { squares += (number - mean) * (number - mean); });
      const auto index = static_cast<size_t>(channel);
      EXPECT_NEAR(numbers(run.parameters()[2])[index], mean, 1e-9);
      EXPECT_NEAR(numbers(run.parameters()[3])[index], squares / static_cast<double>(count - 1), 1e-9);
    }
    const Tensor gradient = empty(DType::float64, shape, {});
    fill_normal(gradient, 1);
    run.backward(gradient);
    // What each channel's gradients are orthogonal to: a shift of its inputs, which changes nothing.
    std::vector<double> sums(static_cast<size_t>(channels));
    for (int64_t index = 0; index < shape[0] * channels * size; ++index)
      sums[static_cast<size_t>(index / size % channels)] +=
          numbers(run.input_gradients()[0])[static_cast<size_t>(index)];
    EXPECT_THAT(sums, Each(testing::DoubleNear(0, 1e-9)));
  }
}

TEST(BatchNormLayer, AnEmptyBatchChangesNoStatistics) {
  LayerRun run(layer_of("batch_norm", R"({"features":2})"), {of({0, 2, 4})}, true);
  run.forward();
  run.backward(empty(DType::float64, {0, 2, 4}, {}));
  EXPECT_THAT(numbers(run.parameters()[2]), Each(0));
  EXPECT_THAT(numbers(run.parameters()[3]), Each(1));
  EXPECT_THAT(numbers(run.parameter_gradients()[0]), Each(0));
  EXPECT_THAT(numbers(run.parameter_gradients()[1]), Each(0));
}

TEST(LayerNormLayer, IsAsTorchs) {
  // torch.nn.LayerNorm(4) with weight [0.5, 2, -1, 1], bias [-1, 0.25, 0, 1], on x as above of shape (2, 4).
  LayerRun run(layer_of("layer_norm", R"({"shape":4})"), {of({2, 4})}, true);
  fill_ramp(run.inputs()[0], 7);
  fill(run.parameters()[0], {0.5, 2, -1, 1});
  fill(run.parameters()[1], {-1, 0.25, 0, 1});
  expect_near(run.forward(), {-1.656528542082, 1.300445667331, 0.525222833666, 2.313057084164, -0.900001279975,
                              -2.549964160688, -1.399982080344, 0.800002559951});
  const Tensor gradient = empty(DType::float64, {2, 4}, {});
  fill_ramp(gradient, 5);
  run.backward(gradient);
  expect_near(run.input_gradients()[0], {0.457299592978, 0.683697838357, -0.94630925519, -0.194688176145,
                                         1.587978701228, -0.515986585988, -0.783996774331, -0.287995340908});
  expect_near(run.parameter_gradients()[0], {1.563053884226, 0.481301228502, 0.612147829845, 0.099998720025});
  expect_near(run.parameter_gradients()[1], {0.25, 0, 2.5, -0.5});
}

TEST(LayerNormLayer, GradientsAreTrue) {
  for (const std::string_view settings :
       {R"({"shape":[3,7]})", R"({"shape":7,"use_bias":false})", R"({"shape":7,"affine":false,"epsilon":0.01})"})
    for (const Extents &shape : {Extents{2, 3, 7}, {1, 3, 7}, {2, 2, 3, 7}})
      expect_true_gradients("layer_norm", settings, {of(shape)});
  expect_true_gradients("layer_norm", R"({"shape":1})", {of({3, 1})});
  expect_true_gradients("layer_norm", R"({"shape":53})", {of({2, 53})});
}

TEST(RmsNormLayer, IsAsTorchs) {
  // torch.nn.RMSNorm(4) with weight [0.5, 2, -1, 1], on x as above of shape (2, 4).
  LayerRun run(layer_of("rms_norm", R"({"shape":[4]})"), {of({2, 4})}, true);
  fill_ramp(run.inputs()[0], 7);
  fill(run.parameters()[0], {0.5, 2, -1, 1});
  expect_near(run.forward(), {-0.508000508001, 1.524001524002, 0.254000254, 1.524001524002, 0.342997170285,
                              -1.37198868114, -1.714985851425, 0.342997170285});
  const Tensor gradient = empty(DType::float64, {2, 4}, {});
  fill_ramp(gradient, 5);
  run.backward(gradient);
  expect_near(run.input_gradients()[0], {-0.180258244774, 0.262193810581, -1.442065958196, -0.491613394839,
                                         1.11978487946, -0.948286294317, -0.716258796772, -0.554848363696});
  expect_near(run.parameter_gradients()[0], {1.873493941714, 0.361998775643, 1.333985470425, -0.171498585143});
}

TEST(RmsNormLayer, GradientsAreTrue) {
  for (const std::string_view settings : {R"({"shape":7})", R"({"shape":[3,7],"affine":false,"epsilon":0.01})"})
    expect_true_gradients("rms_norm", settings, {of({2, 3, 7})});
}

TEST(RowNormLayers, ManyRowsHaveTheirParametersGradientsSummedInPieces) {
  LayerRun run(layer_of("layer_norm", R"({"shape":40})"), {of({3000, 40})}, true);
  fill_normal(run.inputs()[0], 0);
  const Tensor gradient = empty(DType::float64, {3000, 40}, {});
  fill_normal(gradient, 1);
  const Tensor out = run.forward();
  run.backward(gradient);
  for (size_t column = 0; column < 40; ++column) {
    double weight = 0, bias = 0;
    for (size_t row = 0; row < 3000; ++row) {
      weight += numbers(out)[row * 40 + column] * numbers(gradient)[row * 40 + column];
      bias += numbers(gradient)[row * 40 + column];
    }
    EXPECT_NEAR(numbers(run.parameter_gradients()[0])[column], weight, 1e-9);
    EXPECT_NEAR(numbers(run.parameter_gradients()[1])[column], bias, 1e-9);
  }
}

TEST(RowNormLayers, Float32KeepsItsDigitsOnLongRowsFarFromZero) {
  LayerRun run(layer_of("layer_norm", R"({"shape":100000})", DType::float32), {of({1, 100000}, DType::float32)}, false,
               DType::float32);
  fill_normal(run.inputs()[0], 0);
  for (float &number : numbers<float>(run.inputs()[0])) number += 50;
  const Tensor out = run.forward();
  double mean = 0, squares = 0;
  for (const float number : numbers<float>(out)) mean += static_cast<double>(number) / 1e5;
  for (const float number : numbers<float>(out)) squares += static_cast<double>(number) * static_cast<double>(number);
  EXPECT_NEAR(mean, 0, 1e-5);
  EXPECT_NEAR(squares / 1e5, 1, 2e-5);  // epsilon takes 1e-5 of it
}

TEST(RowNormLayers, EmptyBatchesHaveGradientsOfZero) {
  LayerRun run(layer_of("layer_norm", R"({"shape":4})"), {of({0, 4})}, true);
  run.forward();
  run.backward(empty(DType::float64, {0, 4}, {}));
  EXPECT_THAT(numbers(run.parameter_gradients()[0]), Each(0));
  EXPECT_THAT(numbers(run.parameter_gradients()[1]), Each(0));
}

// Everything that a training step writes, as bytes.
std::vector<std::string> step_bytes(std::string_view kind, std::string_view settings, const Extents &shape,
                                    Mode mode = Mode::training) {
  LayerRun run(layer_of(kind, settings, DType::float32), {of(shape, DType::float32)}, mode, DType::float32);
  fill_normal(run.inputs()[0], 0);
  const Tensor gradient = empty(DType::float32, shape, {});
  fill_normal(gradient, 1);
  std::vector<std::string> bytes;
  const auto take = [&](const Tensor &tensor) {
    bytes.emplace_back(reinterpret_cast<const char *>(tensor.data), static_cast<size_t>(tensor.nbytes()));
  };
  take(run.forward());
  run.backward(gradient);
  take(run.input_gradients()[0]);
  for (size_t index = 0; index < run.parameters().size(); ++index)
    take(run.plan().parameters()[index]->is_trained ? run.parameter_gradients()[index] : run.parameters()[index]);
  return bytes;
}

TEST(NormalizationLayers, RunWithoutAllocating) {
  struct Case {
    std::string_view kind, settings;
    Mode mode;
  };
  for (const auto &[kind, settings, mode] : {Case{"batch_norm", R"({"features":3})", Mode::training},
                                             Case{"batch_norm", R"({"features":3})", Mode::evaluating_with_backward},
                                             Case{"layer_norm", R"({"shape":[3,20000]})", Mode::training}}) {
    LayerRun run(layer_of(kind, settings), {of({4, 3, 20000})}, mode);
    const auto step = [&] {
      run.plan_run().forward({.seed = 1, .number = 2});
      run.plan_run().backward();
    };
    step();  // the pool's threads are there now
    const int64_t before = allocations_of_this_thread();
    step();
    EXPECT_EQ(allocations_of_this_thread(), before);
  }
}

TEST(NormalizationLayers, BitsDoNotDependOnTheNumberOfThreads) {
  struct Case {
    std::string_view kind, settings;
    Extents shape;
    Mode mode = Mode::training;
  };
  for (const Case &each :
       {Case{"batch_norm", R"({"features":130})", {1500, 130}},
        Case{"batch_norm", R"({"features":5})", {40, 5, 30, 31}},
        Case{"batch_norm", R"({"features":5})", {40, 5, 30, 31}, Mode::evaluating_with_backward},
        Case{"layer_norm", R"({"shape":130})", {1500, 130}}, Case{"rms_norm", R"({"shape":[5,26]})", {1500, 5, 26}}}) {
    process_pool().set_num_threads(1);
    const std::vector<std::string> alone = step_bytes(each.kind, each.settings, each.shape, each.mode);
    process_pool().set_num_threads(2);
    EXPECT_EQ(step_bytes(each.kind, each.settings, each.shape, each.mode), alone) << each.kind;
    process_pool().set_num_threads(0);
  }
}

// The bits are the same for each width of vectors that this processor has.
TEST(NormalizationKernels, BitsDoNotDependOnTheWidthOfVectors) {
  std::vector<const NormalizationTable *> tables = {&normalization_kernels_16(), &normalization_kernels_32(),
                                                    &normalization_kernels_64()};
  const auto *const widest = &normalization_kernels<float>();
  while (&tables.back()->single != widest) tables.pop_back();
  const ChannelShape shape{3, 2, 201};
  std::vector<std::vector<double>> moments;
  std::vector<std::vector<float>> rows;
  const Tensor drawn = empty(DType::float32, {3, 2, 201}, {});
  fill_normal(drawn, 5);
  const float *const from = numbers<float>(drawn).data();
  for (const NormalizationTable *table : tables) {
    moments.emplace_back(4);
    table->single.channel_moments(shape, {{0, 2}, {0, 603}}, from, moments.back().data(), 2);
    rows.emplace_back(3 * 402);
    table->single.normalize_rows({true, 1e-5, 402, nullptr, nullptr}, rows.back().data(), from, {nullptr, nullptr},
                                 {0, 3});
  }
  EXPECT_THAT(moments, Each(moments[0]));
  EXPECT_THAT(rows, Each(rows[0]));
}

TEST(NormalizationLayers, SettingsMakeTheSameLayer) {
  for (const auto &[kind, settings] :
       {std::pair<std::string_view, std::string_view>{"batch_norm",
                                                      R"({"features":3,"epsilon":0.5,"momentum":0.25,"affine":false})"},
        {"layer_norm", R"({"shape":[3,4],"epsilon":0.5,"affine":true,"use_bias":false})"},
        {"rms_norm", R"({"shape":[3],"epsilon":null,"affine":true})"}})
    EXPECT_EQ(Json(layer_of(kind, settings)->settings()).dump(), settings);
}

TEST(NormalizationLayers, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(layer_refusal("batch_norm", R"({"features":3})", {of({4, 2})}),
              HasSubstr("batch_norm: an input has shape (4, 2): expected 2 to 4 axes, the second of size 3"));
  EXPECT_THAT(layer_refusal("batch_norm", R"({"features":3})", {of({1, 3, 1})}),
              HasSubstr("expected more than one value a feature in training"));
  EXPECT_THAT(layer_refusal("batch_norm", R"({"features":3,"momentum":null})", {of({2, 3})}),
              HasSubstr("momentum is null: expected a number from 0 to 1"));
  EXPECT_THAT(layer_refusal("batch_norm", "{}", {of({2, 3})}), HasSubstr("features is missing"));
  EXPECT_THAT(
      layer_refusal("layer_norm", R"({"shape":[3,4]})", {of({2, 3, 5})}),
      HasSubstr("layer_norm: an input has shape (2, 3, 5): expected a batch axis, and last axes of shape (3, 4)"));
  EXPECT_THAT(layer_refusal("layer_norm", R"({"shape":[3,4]})", {of({3, 4})}), HasSubstr("expected a batch axis"));
  EXPECT_THAT(layer_refusal("rms_norm", R"({"shape":[]})", {of({3, 4})}), HasSubstr("shape is []: expected a size"));
  EXPECT_THAT(layer_refusal("rms_norm", R"({"shape":0})", {of({3, 4})}), HasSubstr("shape is 0: expected a size"));
  EXPECT_THAT(layer_refusal("layer_norm", "{}", {of({3, 4})}), HasSubstr("shape is null: expected a size"));
  EXPECT_THAT(layer_refusal("layer_norm", R"({"shape":4})", {of({3, 4}, DType::int64)}),
              HasSubstr("layer_norm: an input's dtype is int64: expected float64"));
  EXPECT_THAT(layer_refusal("layer_norm", R"({"shape":4})", {of({3, 4}), of({3, 4})}),
              HasSubstr("layer_norm: 2 inputs were given: expected 1"));
}

}  // namespace
}  // namespace penstock::core::nn
