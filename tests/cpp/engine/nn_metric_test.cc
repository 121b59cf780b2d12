// What metrics count, over one batch and several.
#include "core/nn/metric.h"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation_count.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "nn_batch_testing.h"

namespace penstock::core::nn {
namespace {

using testing::HasSubstr;

template <typename Element, typename Target>
void add(Metric &metric, const Batch<Element, Target> &batch) {
  metric.check(batch.output_outline(), batch.target_outline());
  EXPECT_EQ(metric.target_dtype(batch.output_outline(), batch.target_outline()), dtype_of_element<Target>);
  const auto call = batch.template call<MetricCall>();
  const int64_t before = allocations_of_this_thread();
  metric.accumulate(call);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

template <typename Element, typename Target>
double value_of(std::string_view description, const Batch<Element, Target> &batch) {
  const auto metric = make_metric(json(description));
  add(*metric, batch);
  return metric->result();
}

const std::vector<float> logits = {0.1f, 0.7f, 0.2f, 3, 1, 2, -1, -2, 5};

TEST(Accuracy, CountsWhereTheHighestOutputIsTheClass) {
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, int64_t>{{3, 3}, logits, {3}, {1, 2, 2}}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, int64_t>{{3, 3}, logits, {3, 1}, {1, 0, 2}}), 1);
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, float>{{3, 3}, logits, {3, 3}, {0, 1, 0, 0, 0, 1, 0, 0, 1}}),
                   2.0 / 3);
}

TEST(Accuracy, ClassesAreTheSecondOfSeveralAxes) {
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, int64_t>{{1, 2, 3}, {1, 2, 3, 3, 2.5f, 1}, {1, 3}, {1, 0, 0}}),
                   2.0 / 3);
}

TEST(Accuracy, TiesGoToTheLowerClassAndNanIsNeverRight) {
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, int64_t>{{2, 2}, {1, 1, 1, 1}, {2}, {0, 1}}), 0.5);
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, int64_t>{{2, 2}, {NAN, 1, 1, NAN}, {2}, {0, 0}}), 0);
  EXPECT_DOUBLE_EQ(value_of("\"binary_accuracy\"", Batch<float, float>{{2}, {NAN, NAN}, {2}, {0, 1}}), 0);
}

TEST(Accuracy, OfASingleOutputIsByItsThreshold) {
  const Batch<float, float> batch{{4, 1}, {0.4f, 0.6f, -1, 2}, {4}, {0, 1, 1, 0}};
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", batch), 0.5);
  EXPECT_DOUBLE_EQ(value_of(R"({"name":"accuracy","threshold":0})", batch), 0.25);
  EXPECT_DOUBLE_EQ(value_of(R"({"name":"binary_accuracy","threshold":0.7})",
                            Batch<double, double>{{2, 2}, {0.6, 0.8, 0.7, 0.9}, {2, 2}, {0, 1, 1, 1}}),
                   0.75);
}

TEST(TopKAccuracy, CountsWhereLessThanKOutputsAreHigher) {
  const Batch<float, int64_t> batch{{3, 3}, logits, {3}, {2, 1, 0}};
  EXPECT_DOUBLE_EQ(value_of(R"({"name":"top_k_accuracy","k":1})", batch), 0);
  EXPECT_DOUBLE_EQ(value_of(R"({"name":"top_k_accuracy","k":2})", batch), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value_of("\"top_k_accuracy\"", batch), 1);
}

TEST(Accuracy, WhatIsIgnoredDoesNotCount) {
  const std::string_view accuracy = R"({"name":"accuracy","ignore_index":-100})";
  EXPECT_DOUBLE_EQ(value_of(accuracy, Batch<float, int64_t>{{3, 3}, logits, {3}, {1, -100, 0}}), 0.5);
  EXPECT_DOUBLE_EQ(value_of(accuracy, Batch<float, int64_t>{{3, 3}, logits, {3}, {1, -100, 0}, {3, 5, 1}}), 0.75);
  // Of two classes in three places.
  EXPECT_DOUBLE_EQ(value_of(accuracy, Batch<float, int64_t>{{1, 2, 3}, {1, 2, 3, 3, 2.5f, 1}, {1, 3}, {1, -100, 1}}),
                   0.5);
  EXPECT_DOUBLE_EQ(value_of(accuracy, Batch<float, float>{{4, 1}, {0.4f, 0.6f, -1, 2}, {4}, {0, -100, 1, -100}}), 0.5);
  EXPECT_DOUBLE_EQ(value_of(R"({"name":"top_k_accuracy","k":2,"ignore_index":2})",
                            Batch<float, int64_t>{{3, 3}, logits, {3}, {2, 1, 0}}),
                   0.5);
  EXPECT_TRUE(std::isnan(value_of(accuracy, Batch<float, int64_t>{{1, 3}, {1, 2, 3}, {1}, {-100}})));
}

TEST(Accuracy, TakesTheLosssIgnoredClassUnlessItsOwnWasNamed) {
  for (const std::string_view name : {"accuracy", "top_k_accuracy", "perplexity"}) {
    const auto metric = make_metric(name);
    metric->ignore(7);
    metric->ignore(8);
    EXPECT_EQ(metric->description().find("ignore_index")->dump(), "7") << name;
  }
  const auto error = make_metric("mse");
  error->ignore(7);
  EXPECT_EQ(error->description().dump(), R"({"name":"mse"})");
}

TEST(Metric, ErrorsAreOfElements) {
  const Batch<double, double> batch{{2, 2}, {1, 2, 3, 5}, {2, 2}, {0, 0, 0, 1}};
  EXPECT_DOUBLE_EQ(value_of("\"mse\"", batch), 30.0 / 4);
  EXPECT_DOUBLE_EQ(value_of("\"rmse\"", batch), std::sqrt(30.0 / 4));
  EXPECT_DOUBLE_EQ(value_of("\"mae\"", batch), 10.0 / 4);
}

TEST(Perplexity, IsTheNumberOfClassesWhereAllAreEqual) {
  const Batch<double, int64_t> logits_of_ten{{2, 10}, std::vector<double>(20, 1e5), {2}, {3, 9}};
  EXPECT_NEAR(value_of("\"perplexity\"", logits_of_ten), 10, 1e-9);
  const Batch<double, int64_t> shares{{3, 2}, {0.25, 0.75, 0.5, 0.5, 0, 1}, {3}, {0, 1, -1}};
  EXPECT_NEAR(value_of(R"({"name":"perplexity","from_logits":false,"ignore_index":-1})", shares), std::sqrt(8), 1e-12);
}

TEST(Metric, ResultsAreOverAllBatchesSinceTheReset) {
  for (const std::string_view name : metric_names()) {
    const auto apart = make_metric(name), together = make_metric(name);
    const std::vector<double> head(logits.begin(), logits.begin() + 6), tail(logits.begin() + 6, logits.end());
    const std::vector<double> all(logits.begin(), logits.end());
    const std::vector<double> targets = {0, 1, 0, 0, 0, 1, 0, 0, 1};
    apart->set_sums(3, 2);
    apart->reset();
    EXPECT_TRUE(std::isnan(apart->result())) << name;
    if (name == "perplexity") {
      add(*apart, Batch<double, int64_t>{{2, 3}, head, {2}, {1, 2}});
      add(*apart, Batch<double, int64_t>{{0, 3}, {}, {0}, {}});
      add(*apart, Batch<double, int64_t>{{1, 3}, tail, {1}, {0}});
      add(*together, Batch<double, int64_t>{{3, 3}, all, {3}, {1, 2, 0}});
    } else {
      add(*apart, Batch<double, double>{{2, 3}, head, {2, 3}, {targets.begin(), targets.begin() + 6}});
      add(*apart, Batch<double, double>{{0, 3}, {}, {0, 3}, {}});
      add(*apart, Batch<double, double>{{1, 3}, tail, {1, 3}, {targets.begin() + 6, targets.end()}});
      add(*together, Batch<double, double>{{3, 3}, all, {3, 3}, targets});
    }
    EXPECT_NEAR(apart->result(), together->result(), 1e-12 * std::abs(together->result())) << name;
  }
}

TEST(Metric, SamplesCountByTheirWeights) {
  EXPECT_DOUBLE_EQ(value_of("\"accuracy\"", Batch<float, int64_t>{{3, 3}, logits, {3}, {1, 2, 2}, {1, 2, 1}}), 0.5);
  EXPECT_DOUBLE_EQ(value_of("\"mse\"", Batch<double, double>{{2}, {1, 3}, {2}, {0, 0}, {3, 1}}), 3);
}

TEST(Metric, BitsDoNotDependOnTheNumberOfThreads) {
  Batch<float, int64_t> batch{{5000, 11}, {}, {5000}, {}};
  for (int index = 0; index < 55000; ++index) batch.outputs.push_back(static_cast<float>(std::sin(index)));
  for (int index = 0; index < 5000; ++index) batch.targets.push_back(index % 11);
  for (int index = 0; index < 5000; ++index) batch.sample_weights.push_back(0.1f * static_cast<float>(index % 13));
  for (const std::string_view name : {"accuracy", "perplexity"}) {
    const auto run = [&](int32_t threads) {
      process_pool().set_num_threads(threads);
      const auto metric = make_metric(name);
      metric->accumulate(batch.call<MetricCall>());
      process_pool().set_num_threads(0);
      return metric->result();
    };
    EXPECT_EQ(run(1), run(2)) << name;
  }
}

TEST(Metric, LabelsOutOfRangeAreRefusedAndChangeNothing) {
  for (const std::string_view name : {"accuracy", "top_k_accuracy", "perplexity"}) {
    const auto metric = make_metric(name);
    add(*metric, Batch<float, int64_t>{{1, 3}, {1, 2, 3}, {1}, {2}});
    const double before = metric->result();
    try {
      metric->accumulate(Batch<float, int64_t>{{2, 3}, {1, 2, 3, 4, 5, 6}, {2}, {0, 3}}.call<MetricCall>());
      FAIL() << name;
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), Status::out_of_range);
      EXPECT_THAT(error.sentence(), HasSubstr("the target at (1,) is 3: expected a class number from 0 to 2"));
    }
    EXPECT_EQ(metric->result(), before);
  }
}

std::string refusal(std::string_view description, const Extents &output_shape, const Extents &target_shape) {
  try {
    make_metric(json(description))->check({output_shape, DType::float32}, {target_shape, DType::float32});
  } catch (const Error &error) {
    return error.sentence();
  }
  return "";
}

TEST(Metric, WrongDescriptionsAndShapesAreRefused) {
  EXPECT_THAT(refusal("\"acuracy\"", {1}, {1}), HasSubstr("there is no metric \"acuracy\": expected one of accuracy"));
  EXPECT_THAT(refusal(R"({"name":"top_k_accuracy","k":0})", {1, 2}, {1}), HasSubstr("metric top_k_accuracy: k is 0"));
  EXPECT_THAT(refusal(R"({"name":"top_k_accuracy","threshold":0})", {1, 2}, {1}), HasSubstr("no setting"));
  EXPECT_THAT(refusal("\"accuracy\"", {4, 3}, {3}), HasSubstr("outputs have shape (4, 3), targets (3,)"));
  EXPECT_THAT(refusal("\"accuracy\"", {4, 1}, {3}), HasSubstr("outputs have shape (4, 1), targets (3,)"));
  EXPECT_THAT(refusal("\"mae\"", {4, 3}, {4}), HasSubstr("metric mae: outputs have shape (4, 3), targets (4,)"));
}

TEST(Metric, DescriptionsMakeTheSameAgain) {
  EXPECT_EQ(make_metric("accuracy")->description().dump(),
            R"({"name":"accuracy","threshold":0.5,"ignore_index":null})");
  for (const std::string_view name : metric_names()) {
    const Json description = make_metric(name)->description();
    EXPECT_EQ(make_metric(description)->description().dump(), description.dump());
  }
}

}  // namespace
}  // namespace penstock::core::nn
