// Each allocation of each public function fails in turn: alone, and with all that follow it.
#include <gmock/gmock.h>

#include <cmath>

#include "calls.h"
#include "failing_malloc.h"
#include "function_list.h"

namespace penstock::test {
namespace {

// More allocations than any call in the table makes: a call that gets here makes more each time it fails.
constexpr int64_t most_allocations = 2000;

class OutOfMemory : public ::testing::TestWithParam<Function> {
 protected:
  // What is made once, on a thread's or the process's first call, is not the call's to fail.
  void warm_up(const Call &call) {
    Stage stage;
    ASSERT_TRUE(succeeds(call, call.arguments(stage))) << ps_last_error();
  }

  // Makes the call with allocation number first_failing failing; false when the call asks for fewer.
  bool fail_one(const Call &call, int64_t first_failing, Shortage shortage) {
    Stage stage;
    const std::vector<Word> arguments = call.arguments(stage);
    const Observation before = stage.observe();
    ps_clear_error();
    Word result = 0;
    bool has_failed = false;
    {
      const FailingAllocations failing(first_failing, shortage);
      result = call(arguments);
      has_failed = failing.has_failed();
    }
    if (!has_failed) {
      EXPECT_TRUE(succeeded(call, result)) << ps_last_error();
      return false;
    }
    expect_clean_failure(call, result, before, stage.observe());
    EXPECT_TRUE(has_consumed(call, arguments));
    EXPECT_TRUE(call.is_once_a_stage() || succeeds(call, arguments)) << "the next call: " << ps_last_error();
    return true;
  }

  void expect_clean_failure(const Call &call, Word result, const Observation &before, const Observation &after) {
    ASSERT_TRUE(GetParam().gives_status()) << call.name() << " allocates, and cannot say that it failed";
    EXPECT_STREQ(ps_status_name(static_cast<ps_status>(result)), "PS_OUT_OF_MEMORY") << ps_last_error();
    EXPECT_STRNE(ps_last_error(), "");
    EXPECT_EQ(before.difference(after), "");
  }
};

INSTANTIATE_TEST_SUITE_P(Headers, OutOfMemory, ::testing::ValuesIn(public_headers().functions),
                         [](const ::testing::TestParamInfo<Function> &info) { return info.param.name; });

TEST_P(OutOfMemory, IsReportedAndLeavesNothingBehindWhicheverAllocationFails) {
  for (const Call *call : calls_of(GetParam().name))
    for (const Shortage shortage : {Shortage::once, Shortage::from_then_on}) {
      warm_up(*call);
      for (int64_t first_failing = 1; first_failing <= most_allocations; ++first_failing) {
        SCOPED_TRACE(call->name() + ", allocation " + std::to_string(first_failing) +
                     (shortage == Shortage::once ? "" : " and all after it"));
        if (!fail_one(*call, first_failing, shortage)) break;
        ASSERT_LT(first_failing, most_allocations);
        if (HasFailure()) return;
      }
    }
}

// Threads that cannot be started are done without: what they need is not the copy's to fail.
TEST(OutOfMemoryOfThePool, LeavesTheCopyToTheThreadsThatRun) {
  const Call &copy = *calls_of("ps_tensor_copy").back();
  ASSERT_EQ(copy.name(), "ps_tensor_copy, many elements");
  for (const int32_t threads : {2, 3, 4, 5}) {
    Stage stage;
    const std::vector<Word> arguments = copy.arguments(stage);
    require_ok(ps_set_num_threads(threads));
    Word result = 0;
    {
      const FailingAllocations failing(1, Shortage::from_then_on);
      result = copy(arguments);
    }
    EXPECT_TRUE(succeeded(copy, result)) << threads << " threads: " << ps_last_error();
  }
  require_ok(ps_set_num_threads(0));
}

// The thread of the first ps_worlds_step_async() may be refused its memory as a thread, not as an allocation of the call's.
TEST(OutOfMemoryOfAStep, LeavesWorldsAsTheyWereWhereNoThreadCanBeStarted) {
  for (const Shortage shortage : {Shortage::once, Shortage::from_then_on})
    for (int64_t first_failing = 1; first_failing <= most_allocations; ++first_failing) {
      Stage stage;
      ps_worlds *worlds = stage.worlds();
      const Observation before = stage.observe();
      ps_status status = PS_OK;
      bool has_failed = false;
      {
        const FailingAllocations failing(first_failing, shortage);
        status = ps_worlds_step_async(worlds);
        has_failed = failing.has_failed();
      }
      if (!has_failed) break;
      ASSERT_THAT(status, ::testing::AnyOf(PS_OUT_OF_MEMORY, PS_UNAVAILABLE)) << first_failing;
      EXPECT_EQ(before.difference(stage.observe()), "");
      require_ok(ps_worlds_step_async(worlds));
      require_ok(ps_worlds_wait(worlds));
      EXPECT_EQ(ps_worlds_step_count(worlds), 2);
    }
}

// What is to be watched for allocations: worlds of a game that end and begin anew, two of them spoilt again and again.
struct StepsWithoutAllocations {
  const char *game;
  ps_autoreset autoreset;

  int64_t allocations() const {
    ps_worlds_options options = PS_WORLDS_OPTIONS_INIT;
    options.num_worlds = 100;
    options.autoreset = autoreset;
    options.episode_length = 7;
    options.actions = PS_ACTIONS_CLAMP;
    ps_worlds *worlds = nullptr;
    require_ok(ps_worlds_create(&worlds, game, &options));
    std::vector<double> spoilt(static_cast<size_t>(ps_worlds_state_count(worlds)));
    require_ok(ps_worlds_get_state(worlds, 0, ps_worlds_state_count(worlds), spoilt.data()));
    spoilt[0] = NAN;
    const auto spoil = [&](int64_t world) {
      return ps_worlds_set_state(worlds, world, ps_worlds_state_count(worlds), spoilt.data());
    };
    const bool can_be_spoilt = spoil(3) == PS_OK;  // a game whose state has whole numbers alone refuses
    int64_t allocations = 0;
    for (int step = 0; step < 1200; ++step) {
      if (can_be_spoilt)
        for (const int64_t world : {3, 99}) require_ok(spoil(world));
      const FailingAllocations failing(1, Shortage::from_then_on);
      const ps_status stepped = ps_worlds_step(worlds);
      const ps_status reset = step % 10 == 9 ? ps_worlds_reset(worlds, nullptr, 0, nullptr) : PS_OK;
      allocations += failing.count() + (stepped == PS_OK && reset == PS_OK ? 0 : 1);
    }
    EXPECT_EQ(ps_worlds_fault_count(worlds) > 1024, can_be_spoilt);  // more than are kept
    EXPECT_EQ(can_be_spoilt, std::string_view(game) != "GridWorld");
    ps_worlds_release(worlds);
    return allocations;
  }
};

TEST(OutOfMemoryOfAStep, CannotBeForAStepAllocatesNothing) {
  for (int64_t game = 0; game < ps_game_count(); ++game)
    for (const ps_autoreset autoreset : {PS_AUTORESET_NEXT_STEP, PS_AUTORESET_SAME_STEP, PS_AUTORESET_DISABLED})
      EXPECT_EQ((StepsWithoutAllocations{ps_game_name(game), autoreset}.allocations()), 0)
          << ps_game_name(game) << ", autoreset " << autoreset;
}

TEST(OutOfMemoryTable, HasACallOfEveryFunction) {
  for (const Function &function : public_headers().functions)
    EXPECT_FALSE(calls_of(function.name).empty()) << function.name;
}

}  // namespace
}  // namespace penstock::test
