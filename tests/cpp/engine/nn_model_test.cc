// Models: steps of training, what they leave when they fail, and how the end of a network and its loss meet.
#include "core/nn/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/tensor/view.h"
#include "nn_model_testing.h"
#include "tests/cpp/engine/allocation_count.h"

namespace penstock::core::nn {
namespace {

using testing::HasSubstr;

const char *const mlp = R"([{"kind":"dense","settings":{"in_features":4,"out_features":32,"activation":"relu"}},
                            {"kind":"dropout","settings":{"rate":0.2}},
                            {"kind":"dense","settings":{"in_features":32,"out_features":3}}])";
const char *const normalized = R"([{"kind":"dense","settings":{"in_features":4,"out_features":8}},
                                   {"kind":"batch_norm","settings":{"features":8}},
                                   {"kind":"dense","settings":{"in_features":8,"out_features":3}}])";
const char *const classify = R"({"loss":"cross_entropy","metrics":["accuracy"]})";

TEST(Model, AStepOfAShapeThatWasThereAllocatesNothing) {
  process_pool().set_num_threads(2);
  for (const char *optimizer : {"sgd", "adam", "lion"}) {
    const auto model = model_of(normalized);
    compile(*model, text(R"({"loss":"cross_entropy","metrics":["accuracy"],"optimizer":")", optimizer, "\"}"));
    const Tensor x = normal({64, 4}), y = classes(64, 3), order = model->epoch_order(0, 64);
    const Tensor rows = narrow(order, 0, 8, 32), weights = filled({64}, 1);
    const auto step = [&] { model->train_on_batch(x, y, {.rows = &rows, .weights = &weights}); };
    step();
    const int64_t before = allocations_of_this_thread();
    const uint64_t storages_before = memory_usage({}).live_storages;
    for (int count = 0; count < 3; ++count) step();
    EXPECT_EQ(allocations_of_this_thread(), before) << optimizer;
    EXPECT_EQ(memory_usage({}).live_storages, storages_before);
  }
  process_pool().set_num_threads(0);
}

struct Network {
  const char *layers;
  Extents batch;
};

std::string after_steps(const Network &network, int32_t threads) {
  process_pool().set_num_threads(threads);
  const auto model = model_of(network.layers);
  compile(*model, classify);
  const Tensor x = normal(network.batch), y = classes(network.batch[0], 3);
  for (int count = 0; count < 20; ++count) model->train_on_batch(x, y, {});
  process_pool().set_num_threads(0);
  return parameter_bytes(*model);
}

TEST(Model, ParametersDoNotDependOnTheNumberOfThreads) {
  const Network networks[] = {
      {mlp, {300, 4}},
      {R"([{"kind":"conv_2d","settings":{"in_channels":3,"out_channels":8,"kernel_size":3,"activation":"relu"}},
           {"kind":"batch_norm","settings":{"features":8}},{"kind":"max_pool_2d","settings":{"kernel_size":2}},
           {"kind":"flatten"},{"kind":"dense","settings":{"in_features":288,"out_features":3}}])",
       {32, 3, 14, 14}},
      {R"([{"kind":"lstm","settings":{"in_features":5,"units":12}},
           {"kind":"dense","settings":{"in_features":12,"out_features":3}}])",
       {40, 9, 5}}};
  for (const Network &network : networks) {
    const std::string expected = after_steps(network, 1);
    EXPECT_TRUE(after_steps(network, 2) == expected) << network.layers;
    EXPECT_TRUE(after_steps(network, 3) == expected) << network.layers;
  }
}

// Everything that a step could change.
std::string all_of(Model &model) {
  const TemporaryFolder folder;
  model.save(folder.path("model"), true, "");
  return read_bytes(folder.path("model"));
}

TEST(Model, AClassNumberOutOfRangeIsRefusedAndChangesNothing) {
  const auto model = model_of(normalized);
  compile(*model, classify);
  const Tensor x = normal({6, 4}), y = classes(6, 3), wrong = classes(6, 4);
  model->train_on_batch(x, y, {});
  const std::string before = all_of(*model);
  expect_failure(Status::out_of_range, {"the target at (3,) is 3", "0 to 2"},
                 [&] { model->train_on_batch(x, wrong, {}); });
  EXPECT_TRUE(all_of(*model) == before);
}

class NotANumber : public testing::Test {
 protected:
  Tensor x = normal({6, 4}), y = classes(6, 3);

  void SetUp() override { reinterpret_cast<float *>(x.data)[5] = std::numeric_limits<float>::quiet_NaN(); }
};

TEST_F(NotANumber, RaisesNamingTheStepAndChangesNothing) {
  const auto model = model_of(normalized);
  compile(*model, classify);
  model->train_on_batch(normal({6, 4}), y, {});
  const std::string before = all_of(*model);
  expect_failure(Status::invalid_argument, {"the loss is nan in step 1", "on_nan"},
                 [&] { model->train_on_batch(x, y, {}); });
  EXPECT_TRUE(all_of(*model) == before);
}

TEST_F(NotANumber, StopsAndChangesNothingWhereThatIsWanted) {
  const auto model = model_of(normalized);
  compile(*model, R"({"loss":"cross_entropy","on_nan":"stop"})");
  const std::string before = all_of(*model);
  const BatchResult result = model->train_on_batch(x, y, {});
  EXPECT_TRUE(result.stopped);
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_EQ(model->step(), 0);
  EXPECT_TRUE(all_of(*model) == before);
}

TEST_F(NotANumber, GoesOnWhereThatIsWanted) {
  const auto model = model_of(mlp);
  compile(*model, R"({"loss":"cross_entropy","on_nan":"ignore"})");
  const BatchResult result = model->train_on_batch(x, y, {});
  EXPECT_FALSE(result.stopped);
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_EQ(model->step(), 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a network.

struct Ending {
  const char *within;  // the layer's own activation
  const char *behind;  // a layer of its own
};

std::unique_ptr<Model> model_ending(std::string_view first, const Ending &ending) {
  return model_of(text("[", first, R"(,"activation":")", ending.within, "\"}}", ending.behind, "]"), "float64");
}

// Training ends with the same parameters as that of the network without its last function, and predictions have it.
void expect_taken_over(std::string_view first, const Ending &ending, std::string_view training, const Tensor &x,
                       const Tensor &y) {
  const auto plain = model_ending(first, {"linear", ""}), model = model_ending(first, ending);
  compile(*plain, training);
  compile(*model, training);
  for (int count = 0; count < 5; ++count)
    EXPECT_EQ(plain->train_on_batch(x, y, {}).loss, model->train_on_batch(x, y, {}).loss);
  EXPECT_TRUE(parameter_bytes(*plain) == parameter_bytes(*model));
  EXPECT_EQ(plain->test_on_batch(x, y, {}).loss, model->test_on_batch(x, y, {}).loss);
  const Tensor logits = plain->predict(x, 100), probabilities = model->predict(x, 100);
  for (int64_t index = 0; index < probabilities.element_count(); ++index) {
    const double logit = reinterpret_cast<const double *>(logits.data)[index];
    const double probability = reinterpret_cast<const double *>(probabilities.data)[index];
    ASSERT_GT(probability, 0);
    ASSERT_LT(probability, 1);
    if (logits.shape[1] == 1) {
      ASSERT_NEAR(probability, 1 / (1 + std::exp(-logit)), 1e-14);
    }
  }
  if (logits.shape[1] == 1) return;
  const auto *of_row = reinterpret_cast<const double *>(probabilities.data);
  for (int64_t row = 0; row < probabilities.shape[0]; ++row, of_row += probabilities.shape[1]) {
    double sum = 0;
    for (int64_t column = 0; column < probabilities.shape[1]; ++column) sum += of_row[column];
    ASSERT_NEAR(sum, 1, 1e-14);
  }
}

TEST(ModelEnd, ASoftmaxIsAPartOfCrossEntropy) {
  const char *const dense = R"({"kind":"dense","settings":{"in_features":4,"out_features":3)";
  for (const Ending &ending : {Ending{"softmax", ""}, Ending{"linear", R"(,{"kind":"softmax"})"}})
    expect_taken_over(dense, ending, classify, normal({10, 4}), classes(10, 3));
}

TEST(ModelEnd, ASigmoidIsAPartOfBinaryCrossEntropy) {
  const char *const dense = R"({"kind":"dense","settings":{"in_features":4,"out_features":1)";
  const Tensor y = reshape(classes(10, 2), {10, 1});
  for (const Ending &ending : {Ending{"sigmoid", ""}, Ending{"linear", R"(,{"kind":"sigmoid"})"}})
    expect_taken_over(dense, ending, R"({"loss":"binary_cross_entropy"})", normal({10, 4}), y);
}

TEST(ModelEnd, ASigmoidOfAConvolutionIsAPartOfBinaryCrossEntropy) {
  const char *const convolution = R"({"kind":"conv_2d","settings":{"in_channels":1,"out_channels":1,"kernel_size":3)";
  const Tensor y = filled({4, 1, 2, 2}, 0.5F);
  expect_taken_over(convolution, {"sigmoid", ""}, R"({"loss":"binary_cross_entropy"})", normal({4, 1, 4, 4}), y);
}

TEST(ModelEnd, ASigmoidElsewhereStaysWhereItIs) {
  const auto model = model_of(R"([{"kind":"dense","settings":{"in_features":4,"out_features":4,"activation":"sigmoid"}},
                                  {"kind":"dense","settings":{"in_features":4,"out_features":1}}])");
  compile(*model, R"({"loss":"binary_cross_entropy"})");
  const Json plan = model->describe_plan(true, {10, 4});
  EXPECT_EQ(plan.find("steps")->if_array()->size(), 3U);
}

// The probability 0.55 says yes; its logit 0.2, taken for one, would say no.
TEST(ModelEnd, MetricsSeeProbabilities) {
  const auto model = model_of(R"([{"kind":"dense","settings":{"in_features":1,"out_features":1,"activation":"sigmoid",
                                   "weight_initializer":"zeros","bias_initializer":{"name":"constant","value":0.2}}}])");
  compile(*model, R"({"loss":"binary_cross_entropy","metrics":["binary_accuracy","mse"]})");
  const Tensor x = normal({5, 1}), y = filled({5, 1}, 1);
  model->test_on_batch(x, y, {});
  const double miss = 1 - 1 / (1 + std::exp(-0.2));
  EXPECT_EQ(model->training().metrics[0]->result(), 1);
  EXPECT_NEAR(model->training().metrics[1]->result(), miss * miss, 1e-6);
}

TEST(ModelProfile, TimesStayWhereALargerBatchMovesThePlans) {
  const auto model = model_of(R"([{"kind":"dense","settings":{"in_features":4,"out_features":4}},{"kind":"relu"}])");
  model->set_profiling(true);
  model->predict(normal({8, 4}), 8);
  const auto times = [&] {
    const Json plan = model->describe_plan(false, {8, 4});
    std::vector<double> seconds;
    for (const Json &step : *plan.find("steps")->if_array())
      seconds.push_back(step.find("seconds")->if_double() == nullptr ? -1 : *step.find("seconds")->if_double());
    return seconds;
  };
  const std::vector<double> before = times();
  EXPECT_THAT(before, testing::SizeIs(2));
  EXPECT_THAT(before, testing::Each(testing::Gt(0)));
  model->predict(normal({4096, 4}), 4096);
  EXPECT_EQ(times(), before);
  model->set_profiling(false);
  model->predict(normal({16384, 4}), 16384);
  EXPECT_EQ(times(), before);
}

TEST(ModelMetrics, WhatTheLossIgnoresDoesNotCount) {
  const auto model = model_of(R"([{"kind":"dense","settings":{"in_features":3,"out_features":3,
                                   "weight_initializer":"zeros","bias_initializer":"zeros"}}])");
  compile(*model, R"({"loss":{"name":"cross_entropy","ignore_index":-100},
                      "metrics":["accuracy","top_k_accuracy","perplexity",{"name":"accuracy","ignore_index":2}]})");
  const Tensor x = normal({4, 3}), y = classes(4, 3);  // all outputs are alike: 0 is the answer
  reinterpret_cast<int64_t *>(y.data)[1] = -100;
  reinterpret_cast<int64_t *>(y.data)[3] = 1;
  const auto results = [&] {
    std::vector<double> list;
    for (size_t index = 0; index < 3; ++index) list.push_back(model->training().metrics[index]->result());
    return list;
  };
  expect_failure(Status::out_of_range, {"metric accuracy: the target at (1,) is -100"},
                 [&] { model->test_on_batch(x, y, {}); });
  compile(*model,
          R"({"loss":{"name":"nll","ignore_index":-100},"metrics":["accuracy","top_k_accuracy","perplexity"]})");
  model->test_on_batch(x, y, {});
  EXPECT_THAT(results(), testing::ElementsAre(1.0 / 3, 1, testing::DoubleNear(3, 1e-6)));
  model->train_on_batch(x, y, {});
}

// ---------------------------------------------------------------------------------------------------------------------
// How models are built.

TEST(Model, ALayerBelongsToOneModel) {
  const std::shared_ptr<Layer> layer = make_layer("relu", Json(), DType::float32);
  Model one{Json()}, other{Json()};
  one.add(layer, "");
  expect_failure(Status::invalid_argument, {"in another model"}, [&] { other.add(layer, "again"); });
  expect_failure(Status::invalid_argument, {"in the model already, as \"0\""}, [&] { one.add(layer, "again"); });
}

TEST(Model, ALayerIsFreeAgainWhenItsModelIsGone) {
  const std::shared_ptr<Layer> layer = make_layer("relu", Json(), DType::float32);
  Model{Json()}.add(layer, "");
  Model other{Json()};
  other.add(layer, "");
  EXPECT_EQ(other.layers().size(), 1U);
}

TEST(Model, AfterALayerIsAddedItMustBeCompiledAgain) {
  const auto model = model_of(mlp);
  compile(*model, classify);
  const Tensor x = normal({6, 4}), y = classes(6, 3);
  model->train_on_batch(x, y, {});
  model->add("relu", Json(), "end");
  expect_failure(Status::invalid_argument, {"not compiled"}, [&] { model->train_on_batch(x, y, {}); });
  compile(*model, classify);
  EXPECT_TRUE(std::isfinite(model->train_on_batch(x, y, {}).loss));
}

TEST(Model, AShapeThatALayerDoesNotTakeIsNamed) {
  const auto model = model_of(mlp);
  expect_failure(Status::invalid_argument, {"(3, 5)", "in_features 4"}, [&] { model->predict(normal({6, 5}), 3); });
}

}  // namespace
}  // namespace penstock::core::nn
