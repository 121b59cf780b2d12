// Each allocation of each public function fails in turn: alone, and with all that follow it.
#include <gmock/gmock.h>

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

TEST(OutOfMemoryTable, HasACallOfEveryFunction) {
  for (const Function &function : public_headers().functions)
    EXPECT_FALSE(calls_of(function.name).empty()) << function.name;
}

}  // namespace
}  // namespace penstock::test
