// Actions out of their bounds: refused, clamped, or taken as the original game takes them; never let through as they
// are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float infinity = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

WorldsOptions options_with(const char *game, ActionRule rule, int64_t num_worlds = 3) {
  WorldsOptions options = lively_options(game, num_worlds);
  options.actions = rule;
  return options;
}

template <typename Number>
void expect_refusal(const char *game, ActionRule rule, Number value, const std::string &digits,
                    const std::string &expected) {
  SCOPED_TRACE(text(game, " with ", digits));
  Worlds worlds(game, options_with(game, rule));
  step_randomly(worlds, 0, 3);
  const std::vector<uint64_t> before = worlds.hashes(), fields_before = [&] {
    write_actions<Number>(worlds, {1, value, 1});
    return worlds.field_hashes();
  }();
  expect_failure(Status::out_of_range,
                 AllOf(HasSubstr("the action of world 1 is " + digits), HasSubstr("expected " + expected)),
                 [&] { worlds.step(); });
  EXPECT_EQ(worlds.hashes(), before);
  EXPECT_EQ(worlds.field_hashes(), fields_before);
  EXPECT_EQ(worlds.step_count(), 3);
}

TEST(WorldsActions, OutOfBoundsAreRefusedWithWorldAndValueAndNothingChanges) {
  for (const ActionRule rule : {ActionRule::refuse, ActionRule::game}) {
    expect_refusal<int32_t>(cart_pole, rule, 2, "2", "0 to 1");
    expect_refusal<int32_t>(cart_pole, rule, -1, "-1", "0 to 1");
    expect_refusal<int32_t>(mountain_car, rule, 3, "3", "0 to 2");
    expect_refusal<int32_t>(acrobot, rule, INT32_MAX, "2147483647", "0 to 2");
    expect_refusal<int32_t>(acrobot, rule, INT32_MIN, "-2147483648", "0 to 2");
  }
  expect_refusal<float>(mountain_car_continuous, ActionRule::refuse, 1.5f, "1.5", "-1 to 1");
  expect_refusal<float>(pendulum, ActionRule::refuse, -2.5f, "-2.5", "-2 to 2");
  expect_refusal<float>(pendulum, ActionRule::refuse, std::nextafter(2.0f, 3.0f), "2", "-2 to 2");
}

// The first of a row of bounds may be wider than another: every action here is at most 3.
TEST(WorldsActions, OfSeveralElementsAreHeldAgainstTheBoundsOfEach) {
  WorldsOptions options;
  options.num_worlds = 2;
  Worlds worlds("EscapeRoom", options);
  write_actions<int32_t>(worlds, {3, 3, 3, 1, 0, 0, 0, 0, 3, 7, 4, 1, 0, 0, 0, 0});
  worlds.step();
  write_actions<int32_t>(worlds, {3, 3, 3, 1, 0, 0, 0, 0, 3, 3, 3, 1, 3, 3, 3, 2});
  expect_failure(Status::out_of_range, HasSubstr("the action of world 1 is 2 at element 7: expected 0 to 1"),
                 [&] { worlds.step(); });
  EXPECT_EQ(worlds.step_count(), 1);
  options.actions = ActionRule::clamp;
  Worlds clamping("EscapeRoom", options);
  write_actions<int32_t>(clamping, {4, -1, 5, 2, 0, 0, 0, 0, 3, 8, 4, 1, 0, 0, 0, 0});
  clamping.step();
  EXPECT_THAT(values_of<int32_t>(clamping, "action"), ElementsAre(3, 0, 4, 1, 0, 0, 0, 0, 3, 7, 4, 1, 0, 0, 0, 0));
}

TEST(WorldsActions, ThatAreNotFiniteAreRefusedByTheGamesThatClip) {
  for (const ActionRule rule : {ActionRule::refuse, ActionRule::game})
    for (const char *game : {pendulum, mountain_car_continuous}) {
      expect_refusal<float>(game, rule, not_a_number, "nan", "");
      expect_refusal<float>(game, rule, infinity, "inf", "");
      expect_refusal<float>(game, rule, -infinity, "-inf", "");
    }
}

TEST(WorldsActions, OnTheirBoundsAreTaken) {
  Worlds worlds(pendulum, options_with(pendulum, ActionRule::refuse));
  write_actions<float>(worlds, {-2, 2, -0.0f});
  worlds.step();
  EXPECT_EQ(worlds.step_count(), 1);
}

TEST(WorldsActions, AreClampedInTheTensorItself) {
  Worlds floats(pendulum, options_with(pendulum, ActionRule::clamp, 6));
  write_actions<float>(floats, {-infinity, infinity, not_a_number, 3, -2.5f, 1});
  floats.step();
  EXPECT_THAT(values_of<float>(floats, "action"), ElementsAre(-2, 2, -2, 2, -2, 1));
  Worlds integers(acrobot, options_with(acrobot, ActionRule::clamp, 5));
  write_actions<int32_t>(integers, {INT32_MIN, INT32_MAX, -1, 3, 1});
  integers.step();
  EXPECT_THAT(values_of<int32_t>(integers, "action"), ElementsAre(0, 2, 0, 2, 1));
}

TEST(WorldsActions, ThatWereClampedDoWhatTheBoundDoes) {
  for (const char *game : all_games) {
    Worlds clamped(game, options_with(game, ActionRule::clamp)), bounded(game, options_with(game, ActionRule::refuse));
    const Field field = bounded.find_field("action");
    if (field.dtype == DType::float32) {
      write_actions<float>(clamped, {-9, 9, not_a_number});
      write_actions(bounded, std::vector<float>{static_cast<float>(field.low[0]), static_cast<float>(field.high[0]),
                                                static_cast<float>(field.low[0])});
    } else {
      write_actions<int32_t>(clamped, {-9, 9, INT32_MIN});
      write_actions(bounded, std::vector<int32_t>{0, static_cast<int32_t>(field.high[0]), 0});
    }
    clamped.step();
    bounded.step();
    EXPECT_EQ(clamped.hashes(), bounded.hashes()) << game;
  }
}

// As in Gymnasium: the force is clipped, its price is not.
TEST(WorldsActions, OfAGameThatClipsActAsTheBoundAndAreLeftInTheTensor) {
  for (const char *game : {pendulum, mountain_car_continuous}) {
    Worlds free(game, options_with(game, ActionRule::game)), bounded(game, options_with(game, ActionRule::clamp));
    write_actions<float>(free, {9, -7, std::numeric_limits<float>::max()});
    write_actions<float>(bounded, {9, -7, 8});
    free.step();
    bounded.step();
    EXPECT_THAT(values_of<float>(free, "action"), ElementsAre(9, -7, std::numeric_limits<float>::max())) << game;
    EXPECT_EQ(values_of<float>(free, "observation"), values_of<float>(bounded, "observation")) << game;
  }
  WorldsOptions options = options_with(mountain_car_continuous, ActionRule::game);
  options.parameters = {};
  Worlds car(mountain_car_continuous, options);
  write_actions<float>(car, {3, -2, 0.5f});
  car.step();
  EXPECT_THAT(values_of<float>(car, "reward"), ElementsAre(-0.1f * 9, -0.1f * 4, -0.1f * 0.25f));
}

// Of a world that waits for its reset, with each rule; the one beside it is judged as ever.
TEST(WorldsActions, OfWorldsThatDoNotStepAreNotLookedAt) {
  for (const ActionRule rule : {ActionRule::refuse, ActionRule::clamp, ActionRule::game})
    for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::disabled}) {
      WorldsOptions options = options_with(pendulum, rule, 2);
      options.autoreset = autoreset;
      options.episode_length = 2;
      Worlds worlds(pendulum, options);
      worlds.step();
      const std::unique_ptr<bool[]> second(new bool[2]{false, true});
      worlds.reset({second.get(), 2});
      worlds.step();  // the first has ended, the second is in its midst
      write_actions<float>(worlds, {not_a_number, 1});
      worlds.step();
      EXPECT_TRUE(std::isnan(values_of<float>(worlds, "action")[0]));
      EXPECT_EQ(worlds.fault_count(), 0);
      EXPECT_EQ(worlds.step_count(), 3);
    }
}

TEST(WorldsActions, OfWorldsThatStepAreRefusedBesideOnesThatDoNot) {
  WorldsOptions options = options_with(pendulum, ActionRule::refuse, 2);
  options.autoreset = Autoreset::disabled;
  options.episode_length = 2;
  Worlds worlds(pendulum, options);
  worlds.step();
  const std::unique_ptr<bool[]> second(new bool[2]{false, true});
  worlds.reset({second.get(), 2});
  worlds.step();
  write_actions<float>(worlds, {not_a_number, not_a_number});
  expect_failure(Status::out_of_range, HasSubstr("world 1 is nan"), [&] { worlds.step(); });
}

}  // namespace
}  // namespace penstock::core
