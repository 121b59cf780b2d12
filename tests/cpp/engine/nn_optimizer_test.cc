// Optimizers beside torch's, and what their flat buffers promise.
#include "core/nn/optimizer.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocation_count.h"
#include "core/base/error.h"
#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "nn_batch_testing.h"

namespace penstock::core::nn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Parameters with the states that an optimizer keeps for them, all of one dtype.
template <typename Element>
class FlatBuffers {
 public:
  FlatBuffers(const Optimizer &optimizer, std::vector<Element> values)
      : parameters(std::move(values)),
        gradients(parameters.size()),
        rates(static_cast<size_t>(optimizer.group_count())) {
    states.resize(optimizer.state_names().size());
    for (size_t state = 0; state < states.size(); ++state) {
      states[state].resize(parameters.size());
      optimizer.fill_state(state, reinterpret_cast<std::byte *>(states[state].data()),
                           static_cast<int64_t>(parameters.size()));
      pointers.push_back(reinterpret_cast<std::byte *>(states[state].data()));
    }
  }

  void step(const Optimizer &optimizer, std::span<const OptimizerSegment> segments) {
    ++number;
    optimizer.learning_rates_at({.epoch = 0, .step = number - 1}, rates);
    optimizer.step({.parameters = reinterpret_cast<std::byte *>(parameters.data()),
                    .gradients = reinterpret_cast<const std::byte *>(gradients.data()),
                    .states = pointers,
                    .segments = segments,
                    .learning_rates = rates,
                    .number = number});
  }

  std::vector<Element> parameters, gradients;
  std::vector<std::vector<Element>> states;
  std::vector<std::byte *> pointers;
  std::vector<double> rates;
  int64_t number = 0;
};

// Ten steps from (0.5, -1.5, 2) with the gradient slope * parameter + offset; between the parameters lies what is none's.
template <typename Element>
std::vector<double> after_ten_steps(std::string_view description) {
  constexpr double slopes[] = {1, -0.5, 2}, offsets[] = {0.1, -0.2, 0.3};
  constexpr size_t places[] = {0, 1, 5};
  const auto optimizer = make_optimizer(json(description), dtype_of_element<Element>);
  constexpr Element nobodys = std::numeric_limits<Element>::quiet_NaN();
  FlatBuffers<Element> buffers(*optimizer, {Element(0.5), Element(-1.5), nobodys, nobodys, nobodys, 2, nobodys});
  buffers.gradients.assign(7, nobodys);
  const OptimizerSegment segments[] = {{0, 2, 0}, {5, 1, 0}};
  for (int step = 0; step < 10; ++step) {
    for (size_t index = 0; index < 3; ++index)
      buffers.gradients[places[index]] = static_cast<Element>(slopes[index]) * buffers.parameters[places[index]] +
                                         static_cast<Element>(offsets[index]);
    buffers.step(*optimizer, segments);
  }
  return {static_cast<double>(buffers.parameters[0]), static_cast<double>(buffers.parameters[1]),
          static_cast<double>(buffers.parameters[5])};
}

struct TenSteps {
  std::string_view description;
  std::vector<double> parameters;
};

// By torch 2.13.0 in float64, torch.optim with the settings of the same names; Lion by its paper's lines in NumPy.
const TenSteps ten_steps[] = {
    {R"({"name":"sgd","lr":0.1})", {0.10920706406000003, -2.1917840894551857, 0.08085449215999999}},
    {R"({"name":"sgd","lr":0.1,"momentum":0.9,"dampening":0.5,"weight_decay":0.01})",
     {-0.354913095732489, -3.121685762635277, -1.3780961799320448}},
    {R"({"name":"sgd","lr":0.01,"momentum":0.9,"nesterov":true})",
     {0.24956666888745188, -1.776333779696162, 0.41576947597782976}},
    {R"("adam")", {0.4900054418516412, -1.5100029063743967, 1.9900015038232048}},
    {R"({"name":"adam","lr":0.1,"beta1":0.8,"beta2":0.95,"epsilon":1e-6,"weight_decay":0.1,"amsgrad":true})",
     {-0.21860733216506165, -2.5284419016894026, 1.0323320972587473}},
    {R"({"name":"adamw","lr":0.01})", {0.4001643982002797, -1.598723846512098, 1.8982046570010285}},
    {R"("rmsprop")", {0.09531520739095099, -2.045167123178262, 1.5178362054036119}},
    {R"({"name":"rmsprop","lr":0.01,"alpha":0.9,"momentum":0.5,"centered":true,"weight_decay":0.01})",
     {0.15002516109875302, -1.9291616276169725, 1.6059403122329283}},
    {R"("adagrad")", {0.4506185957886714, -1.5506451511485742, 1.9500172187815235}},
    {R"({"name":"adagrad","lr":0.1,"lr_decay":0.1,"initial_accumulator":0.5,"weight_decay":0.01})",
     {0.22911232432714623, -1.8212406784578832, 1.6261181693251021}},
    {R"({"name":"sgd","lr":0.1,"clip_norm":1})", {0.3461229049547825, -1.6714610089040975, 1.0276171624185615}},
    {R"({"name":"sgd","lr":0.1,"clip_value":0.5})", {0.11523360500000003, -2.0000000000000004, 1.4999999999999996}},
    {R"({"name":"lion","lr":0.1,"weight_decay":0.01})", {-0.3006895389203049, -2.480579299339802, 0.9845777813943167}},
};

TEST(Optimizer, TenStepsEndWhereTorchEnds) {
  for (const TenSteps &expected : ten_steps) {
    const std::vector<double> exact = after_ten_steps<double>(expected.description);
    const std::vector<double> single = after_ten_steps<float>(expected.description);
    for (size_t index = 0; index < 3; ++index) {
      EXPECT_NEAR(exact[index], expected.parameters[index], 1e-12) << expected.description << " " << index;
      EXPECT_NEAR(single[index], expected.parameters[index], 1e-5 * std::abs(expected.parameters[index]))
          << expected.description << " " << index;
    }
  }
}

// As many parameters as a network of 784, 128 and 10 units has, in its four pieces, which begin at multiples of 16.
constexpr OptimizerSegment network[] = {{0, 100352, 0}, {100352, 128, 0}, {100480, 1280, 0}, {101760, 10, 0}};

template <typename Element>
std::vector<Element> after_three_steps_of_a_network(std::string_view description, int32_t threads) {
  process_pool().set_num_threads(threads);
  const auto optimizer = make_optimizer(json(description), dtype_of_element<Element>);
  std::vector<Element> begin(101770);
  for (size_t index = 0; index < begin.size(); ++index) begin[index] = static_cast<Element>(std::sin(index));
  FlatBuffers<Element> buffers(*optimizer, begin);
  for (int step = 0; step < 3; ++step) {
    for (size_t index = 0; index < begin.size(); ++index)
      buffers.gradients[index] = buffers.parameters[index] * Element(0.3) + static_cast<Element>(std::cos(index));
    const int64_t before = allocations_of_this_thread();
    buffers.step(*optimizer, network);
    if (threads == 1) {
      EXPECT_EQ(allocations_of_this_thread(), before);
    }
  }
  process_pool().set_num_threads(0);
  return buffers.parameters;
}

TEST(Optimizer, StepsAllocateNothingAndGiveTheSameBitsOnAnyNumberOfThreads) {
  for (const std::string_view description :
       {R"({"name":"adam","clip_norm":0.5})", R"({"name":"sgd","clip_norm":0.5,"clip_value":0.1})", R"("lion")"}) {
    EXPECT_EQ(after_three_steps_of_a_network<float>(description, 1),
              after_three_steps_of_a_network<float>(description, 2));
    EXPECT_EQ(after_three_steps_of_a_network<double>(description, 1),
              after_three_steps_of_a_network<double>(description, 2));
  }
}

TEST(UpdateKernels, EveryWidthGivesTheSameBits) {
  constexpr int64_t count = 1003;
  std::vector<float> gradients(count), begin(count);
  for (size_t index = 0; index < count; ++index) {
    gradients[index] = static_cast<float>(std::sin(index)) * (index % 7 == 0 ? 1e-20f : 1.0f);
    begin[index] = static_cast<float>(std::cos(index));
  }
  gradients[5] = 0;
  gradients[6] = std::numeric_limits<float>::infinity();
  for (int rule = 0; rule <= static_cast<int>(UpdateRule::lion); ++rule) {
    const auto run = [&](const UpdateKernels &kernels) {
      std::vector<std::vector<float>> memory(4, begin);
      for (size_t state = 1; state < 4; ++state)
        for (float &number : memory[state]) number *= number;  // as means of squares
      UpdateNumbers numbers{.weight_decay = 0.01,
                            .rate = 0.1,
                            .keep1 = 0.9,
                            .take1 = 0.1,
                            .keep2 = 0.99,
                            .take2 = 0.01,
                            .momentum = 0.9,
                            .epsilon = 1e-8};
      kernels.update({reinterpret_cast<std::byte *>(memory[0].data()),
                      reinterpret_cast<const std::byte *>(gradients.data()),
                      {reinterpret_cast<std::byte *>(memory[1].data()), reinterpret_cast<std::byte *>(memory[2].data()),
                       reinterpret_cast<std::byte *>(memory[3].data())},
                      count},
                     numbers);
      std::vector<uint32_t> bits;
      for (const std::vector<float> &each : memory)
        for (const float number : each)
          bits.push_back(std::isnan(number) ? 0x7FC00000 : std::bit_cast<uint32_t>(number));
      return std::pair(bits, kernels.square_sum(reinterpret_cast<const std::byte *>(gradients.data()), count, 2.0));
    };
    const auto expected = run(update_kernels_16(static_cast<UpdateRule>(rule), DType::float32));
    if (processor_has_32_byte_vectors()) {
      EXPECT_EQ(run(update_kernels_32(static_cast<UpdateRule>(rule), DType::float32)), expected) << rule;
    }
    if (processor_has_64_byte_vectors()) {
      EXPECT_EQ(run(update_kernels_64(static_cast<UpdateRule>(rule), DType::float32)), expected) << rule;
    }
  }
}

TEST(Optimizer, GroupsHaveRatesAndDecaysOfTheirOwnAndTheFirstThatMatchesCounts) {
  const auto optimizer = make_optimizer(json(R"({"name":"sgd","lr":0.5,"groups":[
      {"parameters":["0.*"],"learning_rate":0.25},{"parameters":["*.bias"],"weight_decay":0.5,"lr":1}]})"),
                                        DType::float64);
  const std::vector<std::string> names = {"0.weight", "0.bias", "1.weight", "1.bias"};
  const std::vector<int32_t> groups = optimizer->resolve(names);
  EXPECT_THAT(groups, ElementsAre(1, 1, 0, 2));
  FlatBuffers<double> buffers(*optimizer, {1, 1, 1, 1});
  buffers.gradients = {1, 1, 1, 1};
  std::vector<OptimizerSegment> segments;
  for (int64_t index = 0; index < 4; ++index) segments.push_back({index, 1, groups[static_cast<size_t>(index)]});
  buffers.step(*optimizer, segments);
  EXPECT_THAT(buffers.parameters, ElementsAre(0.75, 0.75, 0.5, -0.5));
}

TEST(Optimizer, PatternsThatNoParameterMatchesAreRefused) {
  const auto optimizer = make_optimizer(json(R"({"name":"sgd","groups":[{"parameters":["2.*"]}]})"), DType::float32);
  const std::vector<std::string> names = {"0.weight", "0.bias"};
  try {
    optimizer->resolve(names);
    FAIL() << "a pattern without a parameter was taken";
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(error.sentence(), HasSubstr("the pattern \"2.*\", which no parameter matches: there are 0.weight"));
  }
}

TEST(Optimizer, SchedulesChangeTheRateOfEachGroup) {
  const auto optimizer = make_optimizer(json(R"({"name":"sgd","lr":0.5,"groups":[{"parameters":"a","lr":2}],
      "schedule":{"name":"step","step_size":1,"gamma":0.5}})"),
                                        DType::float32);
  std::vector<double> rates(2);
  optimizer->learning_rates_at({.epoch = 2, .step = 40}, rates);
  EXPECT_THAT(rates, ElementsAre(0.125, 0.5));
}

TEST(Optimizer, NanInOneGradientReachesItsParameterAndThroughTheNormAllOthers) {
  for (const bool has_norm : {false, true}) {
    const auto optimizer = make_optimizer(
        json(has_norm ? R"({"name":"adam","clip_norm":1})" : R"({"name":"adam","clip_value":1})"), DType::float32);
    FlatBuffers<float> buffers(*optimizer, {1, 1});
    buffers.gradients = {NAN, 1};
    const OptimizerSegment all[] = {{0, 2, 0}};
    buffers.step(*optimizer, all);
    EXPECT_TRUE(std::isnan(buffers.parameters[0]));
    EXPECT_EQ(std::isnan(buffers.parameters[1]), has_norm);
  }
}

TEST(Optimizer, DescriptionsHaveAllSettingsAndMakeTheSameAgain) {
  EXPECT_EQ(make_optimizer(json("\"adam\""), DType::float32)->description().dump(),
            R"({"name":"adam","learning_rate":0.001,"beta1":0.9,"beta2":0.999,"epsilon":1e-08,"amsgrad":false,)"
            R"("weight_decay":0.0,"clip_norm":null,"clip_value":null,"groups":[],"schedule":null})");
  for (const TenSteps &each : ten_steps) {
    const Json description = make_optimizer(json(each.description), DType::float32)->description();
    EXPECT_EQ(make_optimizer(description, DType::float32)->description().dump(), description.dump());
  }
  for (const std::string_view name : optimizer_names())
    EXPECT_EQ(make_optimizer(Json(name), DType::float32)->name(), name);
}

TEST(Optimizer, StatesAreNamedAndBeginAsTheSettingsSay) {
  EXPECT_THAT(make_optimizer(json("\"adam\""), DType::float32)->state_names(),
              ElementsAre("first_moment", "second_moment"));
  EXPECT_TRUE(make_optimizer(json("\"sgd\""), DType::float32)->state_names().empty());
  const auto adagrad = make_optimizer(json(R"({"name":"adagrad","initial_accumulator":0.5})"), DType::float32);
  EXPECT_THAT(FlatBuffers<float>(*adagrad, {1, 2}).states[0], ElementsAre(0.5f, 0.5f));
}

std::string refusal(std::string_view description, DType dtype = DType::float32) {
  try {
    make_optimizer(json(description), dtype);
  } catch (const Error &error) {
    return error.sentence();
  }
  return "";
}

TEST(Optimizer, WrongDescriptionsAreRefusedNamingOptimizerAndSetting) {
  EXPECT_THAT(refusal("\"adma\""), HasSubstr("there is no optimizer \"adma\": expected one of adagrad, adam, adamw"));
  EXPECT_THAT(refusal("3"), HasSubstr("optimizer is 3: expected a name, or an object with a name"));
  EXPECT_THAT(refusal(R"({"name":"adam","beta1":1})"), HasSubstr("optimizer adam: beta1 is 1"));
  EXPECT_THAT(refusal(R"({"name":"adam","momentum":0.9})"), HasSubstr("optimizer adam has no setting \"momentum\""));
  EXPECT_THAT(refusal(R"({"name":"sgd","lr":0.1,"learning_rate":0.1})"), HasSubstr("one of learning_rate and lr"));
  EXPECT_THAT(refusal(R"({"name":"sgd","lr":-1})"), HasSubstr("lr is -1: expected a number from 0"));
  EXPECT_THAT(refusal(R"({"name":"sgd","nesterov":true})"), HasSubstr("momentum above 0"));
  EXPECT_THAT(refusal(R"({"name":"sgd","clip_norm":0})"), HasSubstr("clip_norm is 0: expected a number above 0"));
  EXPECT_THAT(refusal(R"({"name":"sgd","groups":[{"lr":1}]})"), HasSubstr("a group: parameters is null"));
  EXPECT_THAT(refusal(R"({"name":"sgd","schedule":"up"})"), HasSubstr("there is no schedule \"up\""));
  EXPECT_THAT(refusal("\"sgd\"", DType::int32), HasSubstr("int32: expected float32 or float64"));
}

}  // namespace
}  // namespace penstock::core::nn
