// Losses beside torch's, and their gradients beside central differences.
#include "core/nn/loss.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation_count.h"
#include "core/base/error.h"
#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/loss_kernels.h"
#include "nn_batch_testing.h"

namespace penstock::core::nn {
namespace {

using testing::Each;
using testing::HasSubstr;

template <typename Element>
struct LossResult {
  double loss = 0;
  std::vector<Element> gradient;
};

template <typename Element, typename Target>
LossResult<Element> compute(const Loss &loss, const Batch<Element, Target> &batch) {
  loss.check(batch.output_outline(), batch.target_outline());
  EXPECT_EQ(loss.target_dtype(batch.output_outline(), batch.target_outline()), dtype_of_element<Target>);
  LossResult<Element> result;
  result.gradient.assign(batch.outputs.size(), Element(123));
  auto call = batch.template call<LossCall>();
  const double without_gradient = loss.compute(call);
  call.gradient = reinterpret_cast<std::byte *>(result.gradient.data());
  const int64_t before = allocations_of_this_thread();
  result.loss = loss.compute(call);
  EXPECT_EQ(allocations_of_this_thread(), before);
  if (!std::isnan(result.loss)) {
    EXPECT_EQ(without_gradient, result.loss) << loss.name();
  }
  return result;
}

struct Expected {
  std::string_view description;
  std::vector<int64_t> classes;  // empty: probabilities
  double loss;
  std::vector<double> gradient;
};

const std::vector<double> outputs = {0.5, -1, 2, 1.5, 0.25, -0.75};
const std::vector<double> probabilities = {0.2, 0.3, 0.5, 0, 1, 0};

// By torch 2.13.0 in float64: torch.nn.functional's cross_entropy, binary_cross_entropy_with_logits, mse_loss, l1_loss,
// huber_loss, kl_div (batchmean), nll_loss and cosine_embedding_loss with the settings of the same meaning.
const Expected all_expected[] = {
    {R"("cross_entropy")",
     {2, 1},
     0.9109919530321906,
     {0.08764519607001835, 0.019556286635343725, -0.10720148270536206, 0.35922017057553246, -0.3970816980011742,
      0.03786152742564176}},
    {R"({"name":"cross_entropy","class_weight":[1,2,0.5],"label_smoothing":0.1})",
     {2, 1},
     1.3565462277878275,
     {0.026399155551741646, -0.017801150058644178, -0.00859800549309748, 0.5374709282158164, -0.5888586036018004,
      0.05138767538598402}},
    {R"({"name":"cross_entropy","class_weight":[1,2,0.5],"label_smoothing":0.1,"ignore_index":-100})",
     {2, -100},
     0.7734861362114447,
     {0.13199577775870824, -0.08900575029322089, -0.04299002746548738, 0, 0, 0}},
    {R"({"name":"cross_entropy","class_weight":[1,2,0.5],"label_smoothing":0.1})",
     {},
     2.7004073306574305,
     {-0.013616683505663854, -0.28257107568881007, 0.296187759194474, 0.6718386602697706, -0.7360732545022506,
      0.06423459423248004}},
    {R"({"name":"binary_cross_entropy","pos_weight":3})",
     {},
     1.2558141739502389,
     {0.04524051061376607, -0.07828228763466796, 0.04359902599262744, 0.1362624126989406, -0.218911749557101,
      0.05347021680410117}},
    {R"("mse")", {}, 1.2341666666666666, {0.1, -0.43333333333333335, 0.5, 0.5, -0.25, -0.25}},
    {R"("mae")", {}, 1.0166666666666666, {1 / 6.0, -1 / 6.0, 1 / 6.0, 1 / 6.0, -1 / 6.0, -1 / 6.0}},
    {R"({"name":"huber","delta":0.7})", {}, 0.48, {0.05, -0.7 / 6, 0.7 / 6, 0.7 / 6, -0.7 / 6, -0.7 / 6}},
    {R"("kl_divergence")", {}, -1.039826507032287, {-0.1, -0.15, -0.25, 0, -0.5, 0}},
    {R"({"name":"nll","class_weight":[1,2,0.5]})", {2, 1}, -0.6, {0, 0, -0.2, 0, -0.8, 0}},
    {R"("cosine")",
     {},
     0.6430820917610852,
     {-0.04382809633452546, -0.1601411212222755, -0.06911353652753334, 0.03846311899689037, -0.28847339247678044,
      -0.019231559498445187}},
};

template <typename Element>
void expect_torchs(double tolerance) {
  for (const Expected &expected : all_expected) {
    const auto loss = make_loss(json(expected.description));
    const std::vector<Element> given = converted<Element>(outputs);
    const LossResult<Element> result =
        expected.classes.empty()
            ? compute(*loss, Batch<Element, Element>{{2, 3}, given, {2, 3}, converted<Element>(probabilities)})
            : compute(*loss, Batch<Element, int64_t>{{2, 3}, given, {2}, expected.classes});
    EXPECT_NEAR(result.loss, expected.loss, tolerance * std::abs(expected.loss)) << expected.description;
    for (size_t index = 0; index < 6; ++index)
      EXPECT_NEAR(static_cast<double>(result.gradient[index]), expected.gradient[index], tolerance)
          << expected.description << " " << index;
  }
}

TEST(Loss, ValuesAndGradientsAreTorchs) {
  expect_torchs<double>(1e-13);
  expect_torchs<float>(1e-6);
}

TEST(Loss, HingeIsZeroFromItsMarginOn) {
  const auto result = compute(*make_loss("hinge"), Batch<double, double>{{4}, {2, 0.5, -0.5, 1}, {4}, {1, 1, 1, -1}});
  EXPECT_DOUBLE_EQ(result.loss, (0 + 0.5 + 1.5 + 2) / 4);
  EXPECT_THAT(result.gradient, testing::ElementsAre(0, -0.25, -0.25, 0.25));
}

TEST(CrossEntropy, ClassesAreTheSecondOfSeveralAxes) {
  // cross_entropy(arange(12.).reshape(2, 3, 2).sin(), [[0, 2], [1, -100]], weight=[1, 2, 0.5])
  std::vector<double> sines;
  for (int number = 0; number < 12; ++number) sines.push_back(std::sin(number));
  const auto loss = make_loss(json(R"({"name":"cross_entropy","class_weight":[1,2,0.5],"ignore_index":-100})"));
  const auto result = compute(*loss, Batch<double, int64_t>{{2, 3, 2}, sines, {2, 2}, {0, 2, 1, -100}});
  EXPECT_NEAR(result.loss, 0.9529026639199321, 1e-14);
  const double expected[] = {-0.21341343916605865, 0.08597334353366758,
                             0.17949247135725868,  0.042678117260868675,
                             0.0339209678088,      -0.12865146079453624,
                             0.10733074006203255,  0,
                             -0.18970800459497042, 0,
                             0.08237726453293776,  0};
  for (size_t index = 0; index < 12; ++index) EXPECT_NEAR(result.gradient[index], expected[index], 1e-15) << index;
}

std::vector<double> wave(int64_t count, double speed) {
  std::vector<double> numbers;
  for (int64_t index = 0; index < count; ++index) numbers.push_back(std::sin(speed * static_cast<double>(index + 1)));
  return numbers;
}

template <typename Target>
void expect_true_gradient(std::string_view description, Batch<double, Target> batch) {
  const auto loss = make_loss(json(description));
  const std::vector<double> gradient = compute(*loss, batch).gradient;
  for (size_t index = 0; index < gradient.size(); ++index) {
    constexpr double step = 1e-5;
    const double middle = batch.outputs[index];
    batch.outputs[index] = middle + step;
    const double above = loss->compute(batch.template call<LossCall>());
    batch.outputs[index] = middle - step;
    const double below = loss->compute(batch.template call<LossCall>());
    batch.outputs[index] = middle;
    ASSERT_NEAR(gradient[index], (above - below) / (2 * step), 1e-8) << description << " " << index;
  }
}

TEST(Loss, GradientsAreThoseOfTheWeightedMean) {
  const std::vector<double> weights = {0.5, 2, 0, 1};
  std::vector<double> shares = wave(4 * 3 * 5, 0.7);
  for (double &share : shares) share = share * share;
  for (const std::string_view description :
       {R"("binary_cross_entropy")", R"({"name":"binary_cross_entropy","pos_weight":2})", R"("cosine")",
        R"("cross_entropy")", R"({"name":"cross_entropy","label_smoothing":0.2,"class_weight":[1,2,3]})", R"("hinge")",
        R"({"name":"huber","delta":0.4})", R"("kl_divergence")", R"("mae")", R"("mse")"})
    expect_true_gradient(description, Batch<double, double>{{4, 3, 5}, wave(60, 1.3), {4, 3, 5}, shares, weights});
  std::vector<int64_t> classes;
  for (int64_t index = 0; index < 20; ++index) classes.push_back(index * index % 3);
  classes[7] = 9;
  for (const std::string_view description :
       {R"({"name":"cross_entropy","ignore_index":9})", R"({"name":"nll","class_weight":[1,2,3],"ignore_index":9})",
        R"({"name":"cross_entropy","label_smoothing":0.2,"class_weight":[1,2,3],"ignore_index":9})"})
    expect_true_gradient(description, Batch<double, int64_t>{{4, 3, 5}, wave(60, 1.3), {4, 5}, classes, weights});
}

TEST(Loss, GradientsOfRowsLongerThanABlockAreTrue) {
  expect_true_gradient(R"("cross_entropy")", Batch<double, int64_t>{{2, 1100}, wave(2200, 1.3), {2}, {1099, 0}});
  expect_true_gradient(R"("mse")", Batch<double, double>{{2, 300}, wave(600, 1.3), {2, 300}, wave(600, 0.4)});
}

TEST(Loss, SampleWeightsMultiplyLossesWhoseNumberStaysAsItWas) {
  const auto result =
      compute(*make_loss("mse"), Batch<double, double>{{2, 2}, {1, 2, 3, 5}, {2, 2}, {0, 0, 0, 0}, {1, 0.5}});
  EXPECT_DOUBLE_EQ(result.loss, (1 + 4 + 0.5 * (9 + 25)) / 4);
}

template <typename Element>
void expect_same_bits_on_two_threads(std::string_view description, bool has_classes, const Extents &shape) {
  Batch<Element, Element> batch{shape, {}, shape, {}};
  const int64_t count = batch.output_outline().element_count();
  batch.outputs = converted<Element>(wave(count, 1.7));
  batch.targets = converted<Element>(wave(count, 0.3));
  Batch<Element, int64_t> classes{shape, batch.outputs, shape, {}};
  classes.target_shape.erase(1);
  for (int64_t index = 0; index < classes.target_outline().element_count(); ++index)
    classes.targets.push_back(index * 7 % shape[1]);
  const auto loss = make_loss(json(description));
  const auto run = [&](int32_t threads) {
    process_pool().set_num_threads(threads);
    std::vector<Element> gradient(static_cast<size_t>(count));
    auto call = has_classes ? classes.template call<LossCall>() : batch.template call<LossCall>();
    call.gradient = reinterpret_cast<std::byte *>(gradient.data());
    const double value = loss->compute(call);
    process_pool().set_num_threads(0);
    return std::pair(value, gradient);
  };
  EXPECT_EQ(run(1), run(2)) << description;
}

TEST(Loss, BitsDoNotDependOnTheNumberOfThreads) {
  for (const std::string_view name : {"\"mse\"", "\"huber\"", "\"hinge\"", "\"cosine\"", "\"binary_cross_entropy\""})
    expect_same_bits_on_two_threads<float>(name, false, {3000, 17});
  expect_same_bits_on_two_threads<float>("\"cross_entropy\"", false, {3000, 17});
  expect_same_bits_on_two_threads<float>("\"cross_entropy\"", true, {3000, 17});
  expect_same_bits_on_two_threads<double>("\"cross_entropy\"", true, {40, 5, 300});
  expect_same_bits_on_two_threads<float>("\"cross_entropy\"", true, {30, 3000});
}

TEST(LossKernels, EveryWidthGivesTheSameBits) {
  const std::vector<float> given = converted<float>(wave(63 * 13, 1.7)), targets = converted<float>(wave(63 * 13, 0.3));
  const auto run = [&](const LossKernels<float> &kernels, bool has_rows) {
    std::vector<float> numbers(given.size()), highest(63), sums(63);
    const ClassBlock<float> rows{given.data(), numbers.data(), 13, 1, 63, 13};
    const ClassBlock<float> columns{given.data(), numbers.data(), 13, 63, 63, 1};
    kernels.softmax(has_rows ? rows : columns, highest.data(), sums.data());
    numbers.insert(numbers.end(), highest.begin(), highest.end());
    numbers.insert(numbers.end(), sums.begin(), sums.end());
    std::vector<double> totals;
    for (const auto kernel : kernels.pair_losses) {
      std::vector<float> gradient(given.size());
      totals.push_back(kernel(given.data(), targets.data(), 63 * 13, 0.5f, gradient.data(), 0.25f));
      if (std::isnan(totals.back())) totals.back() = -1;  // of a logarithm below 0, as it should
      numbers.insert(numbers.end(), gradient.begin(), gradient.end());
    }
    return std::pair(numbers, totals);
  };
  for (const bool has_rows : {true, false}) {
    const auto expected = run(loss_kernels_16<float>(), has_rows);
    if (processor_has_32_byte_vectors()) {
      EXPECT_EQ(run(loss_kernels_32<float>(), has_rows), expected);
    }
    if (processor_has_64_byte_vectors()) {
      EXPECT_EQ(run(loss_kernels_64<float>(), has_rows), expected);
    }
  }
}

TEST(CrossEntropy, LargeLogitsNeitherOverflowNorLoseTheirLoss) {
  const auto result = compute(*make_loss("cross_entropy"),
                              Batch<float, int64_t>{{3, 2}, {1e4f, -1e4f, -1e4f, 1e4f, 3e38f, 3e38f}, {3}, {0, 0, 1}});
  EXPECT_NEAR(result.loss, (0 + 2e4 + std::log(2)) / 3, 1e-3);
  EXPECT_FLOAT_EQ(result.gradient[2], -1.0f / 3);
  EXPECT_FLOAT_EQ(result.gradient[3], 1.0f / 3);
  const auto infinite = compute(*make_loss("cross_entropy"), Batch<float, int64_t>{{1, 2}, {0, -INFINITY}, {1}, {0}});
  EXPECT_EQ(infinite.loss, 0);
}

TEST(Loss, NanPassesThrough) {
  const double nan = NAN;
  for (const std::string_view name : loss_names()) {
    const auto loss = make_loss(name);
    const std::vector<double> given = {1, nan, 0.5, 2};
    const auto result = name == "nll" ? compute(*loss, Batch<double, int64_t>{{2, 2}, given, {2}, {1, 0}})
                                      : compute(*loss, Batch<double, double>{{2, 2}, given, {2, 2}, {1, 1, 1, 0.5}});
    EXPECT_TRUE(std::isnan(result.loss)) << name;
    // The gradients of these do not depend on the outputs.
    if (name != "nll" && name != "kl_divergence") {
      EXPECT_TRUE(std::isnan(result.gradient[1])) << name;
    }
    if (name != "cross_entropy") {
      EXPECT_FALSE(std::isnan(result.gradient[2])) << name;
    }
  }
}

TEST(Loss, OfNoSamplesIsNan) {
  for (const std::string_view name : loss_names()) {
    const auto loss = make_loss(name);
    const auto result = name == "nll" ? compute(*loss, Batch<double, int64_t>{{0, 2}, {}, {0}, {}})
                                      : compute(*loss, Batch<double, double>{{0, 2}, {}, {0, 2}, {}});
    EXPECT_TRUE(std::isnan(result.loss)) << name;
  }
  const auto ignored = compute(*make_loss(json(R"({"name":"cross_entropy","ignore_index":0})")),
                               Batch<double, int64_t>{{2, 2}, {1, 2, 3, 4}, {2}, {0, 0}});
  EXPECT_TRUE(std::isnan(ignored.loss));
  EXPECT_THAT(ignored.gradient, Each(0));
}

TEST(Loss, LabelsOutOfRangeAreRefusedBeforeAnythingIsWritten) {
  for (const std::string_view name : {"cross_entropy", "nll"})
    for (const int64_t label : {int64_t{3}, int64_t{-1}}) {
      const Batch<float, int64_t> batch{{2, 3, 2}, std::vector<float>(12), {2, 2}, {0, 2, 1, label}};
      std::vector<float> gradient(12, 7);
      auto call = batch.call<LossCall>();
      call.gradient = reinterpret_cast<std::byte *>(gradient.data());
      try {
        make_loss(name)->compute(call);
        FAIL() << name;
      } catch (const Error &error) {
        EXPECT_EQ(error.status(), Status::out_of_range);
        EXPECT_EQ(error.sentence(), text("loss ", name, ": the target at (1, 1) is ", label,
                                         ": expected a class number from 0 to 2, as outputs have 3 classes"));
      }
      EXPECT_THAT(gradient, Each(7));
    }
}

std::string refusal(std::string_view description, const Extents &output_shape, const Extents &target_shape,
                    DType dtype = DType::float32) {
  try {
    make_loss(json(description))->check({output_shape, dtype}, {target_shape, dtype});
  } catch (const Error &error) {
    return error.sentence();
  }
  return "";
}

TEST(Loss, ShapesThatDoNotFitAreRefusedNamingBoth) {
  EXPECT_THAT(refusal("\"mse\"", {4, 3}, {4, 2}), HasSubstr("loss mse: outputs have shape (4, 3), targets (4, 2)"));
  EXPECT_THAT(refusal("\"cross_entropy\"", {4, 3}, {5}), HasSubstr("outputs have shape (4, 3), targets (5,)"));
  EXPECT_THAT(refusal("\"cross_entropy\"", {4}, {4}), HasSubstr("expected outputs (samples, classes, ...)"));
  EXPECT_THAT(refusal("\"nll\"", {4, 3}, {4, 3}), HasSubstr("loss nll"));
  EXPECT_THAT(refusal(R"({"name":"nll","class_weight":[1,2]})", {4, 3}, {4}), HasSubstr("class_weight has 2 numbers"));
  EXPECT_THAT(refusal("\"mse\"", {}, {}), HasSubstr("samples first"));
  EXPECT_THAT(refusal("\"mse\"", {2}, {2}, DType::int64), HasSubstr("outputs are int64"));
  EXPECT_EQ(refusal("\"mse\"", {4, 1}, {4}), "");
  EXPECT_EQ(refusal("\"mse\"", {4}, {4, 1}), "");
  EXPECT_EQ(refusal("\"cross_entropy\"", {4, 3}, {4, 1}), "");
  EXPECT_EQ(refusal("\"cross_entropy\"", {4, 3, 5}, {4, 5}), "");
}

TEST(Loss, WrongDescriptionsAreRefusedNamingLossAndSetting) {
  EXPECT_THAT(refusal("\"msa\"", {1}, {1}),
              HasSubstr("there is no loss \"msa\": expected one of binary_cross_entropy"));
  EXPECT_THAT(refusal(R"({"name":"huber","delta":0})", {1}, {1}), HasSubstr("loss huber: delta is 0"));
  EXPECT_THAT(refusal(R"({"name":"nll","class_weight":[1,-1]})", {1}, {1}), HasSubstr("class_weight is [1,-1]"));
  EXPECT_THAT(refusal(R"({"name":"mse","delta":1})", {1}, {1}), HasSubstr("loss mse has no setting \"delta\""));
  EXPECT_THAT(refusal(R"({"name":"cross_entropy","label_smoothing":2})", {1}, {1}), HasSubstr("label_smoothing is 2"));
}

TEST(Loss, DescriptionsMakeTheSameAgain) {
  EXPECT_EQ(make_loss("cross_entropy")->description().dump(),
            R"({"name":"cross_entropy","label_smoothing":0.0,"class_weight":null,"ignore_index":null})");
  for (const Expected &each : all_expected) {
    const Json description = make_loss(json(each.description))->description();
    EXPECT_EQ(make_loss(description)->description().dump(), description.dump());
  }
}

}  // namespace
}  // namespace penstock::core::nn
