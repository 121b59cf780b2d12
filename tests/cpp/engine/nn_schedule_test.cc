// Schedules beside torch's.
#include "core/nn/schedule.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace penstock::core::nn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<Schedule> schedule_of(std::string_view description) {
  return make_schedule(parse_json(description, "test"));
}

struct Rates {
  std::string_view description;
  std::vector<double> rates;
};

// By torch 2.13.0's torch.optim.lr_scheduler: the rate before each call of step(), beginning with 0.1.
const Rates all_rates[] = {
    {R"("constant")", {0.1, 0.1}},
    {R"({"name":"step","step_size":3})", {0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001}},           // StepLR
    {R"({"name":"multistep","milestones":[3,2,3],"gamma":0.5})", {0.1, 0.1, 0.05, 0.0125, 0.0125}},  // MultiStepLR
    {R"({"name":"exponential","gamma":0.9})", {0.1, 0.09, 0.081, 0.0729, 0.06561}},                  // ExponentialLR
    {R"({"name":"cosine","steps":4,"minimum":0.01})",  // CosineAnnealingLR
     {0.1, 0.08681980515339464, 0.055, 0.023180194846605363, 0.01, 0.023180194846605363}},
    {R"({"name":"one_cycle","maximum":0.5,"total_steps":10})",  // OneCycleLR
     {0.02, 0.26, 0.5, 0.47524231600673683, 0.40587282697488153, 0.30563101096814466, 0.19437098903185537,
      0.09412917302511849, 0.024759683993263143, 2e-06, 2e-06}},
    // SequentialLR of LinearLR and ExponentialLR
    {R"({"name":"warm_up","steps":4,"start_factor":0.25,"then":{"name":"exponential","gamma":0.5,"per":"step"}})",
     {0.025, 0.04375, 0.0625, 0.08125, 0.1, 0.05, 0.025}},
    {R"({"name":"warm_up","steps":4,"start_factor":0.25})", {0.025, 0.04375, 0.0625, 0.08125, 0.1, 0.1}},  // LinearLR
};

TEST(Schedule, RatesAreTorchs) {
  for (const Rates &expected : all_rates) {
    const auto schedule = schedule_of(expected.description);
    for (size_t place = 0; place < expected.rates.size(); ++place) {
      const auto now = static_cast<int64_t>(place);
      EXPECT_NEAR(schedule->rate(0.1, {.epoch = now, .step = now}), expected.rates[place],
                  1e-12 * expected.rates[place])
          << expected.description << " " << place;
    }
  }
}

TEST(Schedule, EpochsAndStepsAreCountedAsAsked) {
  const TrainingPosition position{.epoch = 1, .step = 100};
  EXPECT_DOUBLE_EQ(schedule_of(R"({"name":"exponential","gamma":0.5})")->rate(1, position), 0.5);
  EXPECT_DOUBLE_EQ(schedule_of(R"({"name":"exponential","gamma":0.5,"per":"step"})")->rate(1, {1, 3}), 0.125);
  EXPECT_EQ(schedule_of(R"({"name":"one_cycle","maximum":1,"total_steps":9})")->per(), Schedule::Per::step);
}

TEST(Schedule, EpochsBehindAWarmUpOfStepsAreThoseOfTheTraining) {
  const auto schedule = schedule_of(R"({"name":"warm_up","steps":10,"then":{"name":"exponential","gamma":0.5}})");
  EXPECT_DOUBLE_EQ(schedule->rate(1, {.epoch = 0, .step = 10}), 1);
  EXPECT_DOUBLE_EQ(schedule->rate(1, {.epoch = 2, .step = 30}), 0.25);
}

TEST(Schedule, OneCycleWithoutAWayUpBeginsAtItsMaximum) {
  const auto schedule = schedule_of(R"({"name":"one_cycle","maximum":0.5,"total_steps":10,"start_fraction":0.1})");
  EXPECT_DOUBLE_EQ(schedule->rate(0.1, {0, 0}), 0.5);
  EXPECT_DOUBLE_EQ(
      schedule_of(R"({"name":"one_cycle","maximum":1,"total_steps":1,"start_fraction":1})")->rate(1, {0, 0}), 1);
}

std::vector<double> rates_after(Schedule &schedule, const std::vector<double> &metrics) {
  std::vector<double> rates;
  for (const double metric : metrics) {
    schedule.note(metric);
    rates.push_back(schedule.rate(0.1, {}));
  }
  return rates;
}

constexpr std::string_view plateau =
    R"({"name":"reduce_on_plateau","factor":0.5,"patience":1,"cooldown":1,"minimum":0.02,"threshold":0.1})";
const std::vector<double> metrics = {1, 0.95, 0.85, 0.84, 0.83, 0.82, 0.81, NAN, 0.8, 0.79, 0.78, 0.1, 0.1, 0.1};

TEST(PlateauSchedule, RatesAreTorchs) {
  // ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1, min_lr=0.02, threshold=0.1)
  const std::vector<double> expected = {0.1,   0.1,   0.1,   0.1,  0.05, 0.05, 0.05,
                                        0.025, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02};
  EXPECT_THAT(rates_after(*schedule_of(plateau), metrics), testing::Pointwise(testing::DoubleEq(), expected));
  // ReduceLROnPlateau(mode="max", patience=0, threshold=0.05, threshold_mode="abs")
  const auto rising =
      schedule_of(R"({"name":"reduce_on_plateau","mode":"max","patience":0,"threshold":0.05,"threshold_mode":"abs"})");
  EXPECT_THAT(rates_after(*rising, {0.5, 0.54, 0.6, 0.6, 0.7}),
              testing::Pointwise(testing::DoubleEq(), std::vector<double>{0.1, 0.01, 0.01, 0.001, 0.001}));
}

TEST(PlateauSchedule, GoesOnFromASavedState) {
  const auto whole = schedule_of(plateau);
  const std::vector<double> expected = rates_after(*whole, metrics);
  for (size_t cut = 0; cut <= metrics.size(); ++cut) {
    const auto first = schedule_of(plateau), second = schedule_of(plateau);
    const auto middle = metrics.begin() + static_cast<std::ptrdiff_t>(cut);
    std::vector<double> rates = rates_after(*first, {metrics.begin(), middle});
    second->restore(parse_json(first->state().dump(), "state"));
    const std::vector<double> rest = rates_after(*second, {middle, metrics.end()});
    rates.insert(rates.end(), rest.begin(), rest.end());
    EXPECT_EQ(rates, expected) << cut;
    EXPECT_EQ(second->state().dump(), whole->state().dump());
  }
}

TEST(PlateauSchedule, StatesOfOthersAreRefusedAndChangeNothing) {
  const auto schedule = schedule_of(plateau);
  schedule->note(3);
  const std::string before = schedule->state().dump();
  for (const std::string_view state : {R"({"best":"3"})", R"({"best":"x","bad_epochs":1,"cooling":0,"reductions":0})",
                                       R"({"best":"3","bad_epochs":-1,"cooling":0,"reductions":0})", "[]"}) {
    try {
      schedule->restore(parse_json(state, "state"));
      FAIL() << state;
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), Status::data_error) << state;
    }
    EXPECT_EQ(schedule->state().dump(), before);
  }
  EXPECT_THROW(schedule_of("\"constant\"")->restore(parse_json("{}", "state")), Error);
}

TEST(Schedule, DescriptionsMakeTheSameAgain) {
  EXPECT_EQ(make_schedule({})->description().dump(), R"({"name":"constant","per":"epoch"})");
  for (const Rates &each : all_rates) {
    const Json description = schedule_of(each.description)->description();
    EXPECT_EQ(make_schedule(description)->description().dump(), description.dump());
  }
  const Json description = schedule_of(plateau)->description();
  EXPECT_EQ(make_schedule(description)->description().dump(), description.dump());
  const Json warm = schedule_of(R"({"name":"warm_up","steps":2,"then":"reduce_on_plateau"})")->description();
  EXPECT_EQ(make_schedule(warm)->description().dump(), warm.dump());
  EXPECT_TRUE(make_schedule(warm)->wants_metric());
  EXPECT_EQ(schedule_names().size(), 8u);
}

std::string refusal(std::string_view description) {
  try {
    schedule_of(description);
  } catch (const Error &error) {
    return error.sentence();
  }
  return "";
}

TEST(Schedule, WrongDescriptionsAreRefusedNamingScheduleAndSetting) {
  EXPECT_THAT(refusal("\"linear\""), HasSubstr("there is no schedule \"linear\": expected one of constant, cosine"));
  EXPECT_THAT(refusal("\"step\""), HasSubstr("schedule step: step_size is missing"));
  EXPECT_THAT(refusal("\"exponential\""), HasSubstr("schedule exponential: gamma is null"));
  EXPECT_THAT(refusal(R"({"name":"multistep","milestones":[1,-2]})"), HasSubstr("milestones is [1,-2]"));
  EXPECT_THAT(refusal(R"({"name":"cosine","steps":3,"per":"batch"})"), HasSubstr("\"epoch\" or \"step\""));
  EXPECT_THAT(refusal(R"({"name":"cosine","steps":3,"T_max":3})"), HasSubstr("no setting \"T_max\""));
  EXPECT_THAT(refusal(R"({"name":"reduce_on_plateau","mode":"up"})"), HasSubstr("\"min\" or \"max\""));
  EXPECT_THAT(refusal(R"({"name":"reduce_on_plateau","factor":1})"), HasSubstr("factor is 1"));
  EXPECT_THAT(
      refusal(R"({"name":"warm_up","steps":3,"per":"epoch","then":{"name":"step","step_size":2,"per":"step"}})"),
      HasSubstr("schedule warm_up: then is"));
}

}  // namespace
}  // namespace penstock::core::nn
