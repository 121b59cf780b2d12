// Steps that run while their caller does something else; threads and processes beside one another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/worlds_testing.h"

namespace penstock::core {
namespace {

using ::testing::HasSubstr;

WorldsOptions large(int32_t threads) {
  WorldsOptions options = lively_options(acrobot, 6000);
  options.threads = threads;
  return options;
}

TEST(WorldsStepAsync, DoesWhatAStepDoes) {
  for (const int32_t threads : {0, 3}) {
    Worlds worlds(acrobot, large(threads)), expected(acrobot, large(1));
    for (int64_t step = 0; step < 10; ++step) {
      write_random_actions(worlds, step);
      worlds.step_async();
      step_randomly(expected, step, 1);
      worlds.wait();
      worlds.wait();  // nothing runs
    }
    EXPECT_EQ(worlds.hashes(), expected.hashes());
    EXPECT_EQ(worlds.step_count(), 10);
  }
}

TEST(WorldsStepAsync, ReportsAWrongActionAtTheWait) {
  Worlds worlds(cart_pole, lively_options(cart_pole, 3));
  const std::vector<uint64_t> before = worlds.hashes();
  write_actions<int32_t>(worlds, {0, 5, 0});
  worlds.step_async();
  expect_failure(Status::out_of_range, HasSubstr("world 1 is 5"), [&] { worlds.wait(); });
  EXPECT_EQ(worlds.hashes(), before);
  write_actions<int32_t>(worlds, {0, 1, 0});
  worlds.step();
  EXPECT_EQ(worlds.step_count(), 1);
}

TEST(WorldsStepAsync, KeepsAllOthersOutUntilTheWait) {
  Worlds worlds(cart_pole, lively_options(cart_pole, 2));
  const std::vector<std::byte> snapshot = worlds.snapshot();
  std::vector<double> state(4);
  const std::function<void()> others[] = {
      [&] { worlds.step(); },
      [&] { worlds.step_async(); },
      [&] { worlds.reset({}); },
      [&] { worlds.tensor("observation"); },
      [&] { worlds.hashes(); },
      [&] { worlds.field_hashes(); },
      [&] { worlds.snapshot(); },
      [&] { worlds.restore(snapshot, {}, {}); },
      [&] { worlds.get_state(0, state); },
      [&] { worlds.set_state(0, state); },
      [&] { worlds.set_parameter("reset_low", 0); },
      [&] { worlds.faults(); },
      [&] { worlds.render(0, 0, 0); },
  };
  worlds.step_async();
  for (const auto &other : others) expect_failure(Status::invalid_argument, HasSubstr("wait"), [&] { other(); });
  EXPECT_EQ(worlds.num_worlds(), 2);
  EXPECT_EQ(worlds.parameter("reset_low"), -0.05);
  EXPECT_EQ(worlds.fault_count(), 0);
  worlds.wait();
  EXPECT_EQ(worlds.step_count(), 1);
  for (const auto &other : others) {
    other();
    worlds.wait();
  }
}

TEST(WorldsStepAsync, IsSeenThroughBeforeTheWorldsGo) {
  auto worlds = std::make_optional<Worlds>(pendulum, lively_options(pendulum, 6000));
  const Tensor steps = worlds->tensor("steps");
  worlds->step_async();
  worlds.reset();
  for (int64_t world = 0; world < 6000; ++world) ASSERT_EQ(reinterpret_cast<const int32_t *>(steps.data)[world], 1);
}

TEST(WorldsThreads, OfTwoManagersDoNotMeet) {
  const auto hashes_after = [](const char *game, uint64_t seed) {
    WorldsOptions options = lively_options(game, 5000);
    options.seeds = {seed};
    Worlds worlds(game, options);
    step_randomly(worlds, 0, 15);
    return worlds.hashes();
  };
  const std::vector<uint64_t> first_alone = hashes_after(acrobot, 1), second_alone = hashes_after(cart_pole, 2);
  std::vector<uint64_t> first, second;
  std::thread thread([&] { first = hashes_after(acrobot, 1); });
  second = hashes_after(cart_pole, 2);
  thread.join();
  EXPECT_EQ(first, first_alone);
  EXPECT_EQ(second, second_alone);
}

// 0 when worlds step on in a child as they would have here.
int step_on(Worlds &worlds, const std::vector<uint64_t> &expected) {
  step_randomly(worlds, 5, 5);
  worlds.step_async();
  worlds.wait();
  return worlds.hashes() == expected ? 0 : 1;
}

TEST(WorldsFork, LetsTheChildStepOn) {
  for (const int32_t threads : {0, 3}) {
    Worlds expected(acrobot, large(1)), worlds(acrobot, large(threads));
    step_randomly(expected, 0, 10);
    expected.step();
    step_randomly(worlds, 0, 4);
    write_random_actions(worlds, 4);
    worlds.step_async();  // so that there is a thread, which the child will lack
    worlds.wait();
    EXPECT_EQ(child_result([&] { return step_on(worlds, expected.hashes()); }), 0);
    EXPECT_EQ(step_on(worlds, expected.hashes()), 0);
  }
}

TEST(WorldsFork, LetsTheChildReleaseItsParentsWorlds) {
  auto worlds = std::make_unique<Worlds>(acrobot, large(2));
  worlds->step_async();
  worlds->wait();
  EXPECT_EQ(child_result([&] {
              worlds.reset();
              return 0;
            }),
            0);
}

TEST(WorldsFork, SaysInTheChildThatItsParentsStepCannotBeWaitedFor) {
  WorldsOptions options = lively_options(cart_pole, 2);
  Worlds worlds(cart_pole, options);
  worlds.step_async();
  EXPECT_EQ(child_result([&] {
              try {
                worlds.wait();
              } catch (const Error &error) {
                worlds.reset({}, options.seeds);  // whatever the step had done
                return error.status() == Status::unavailable && worlds.hashes() == Worlds(cart_pole, options).hashes()
                           ? 0
                           : 1;
              }
              return 2;
            }),
            0);
  worlds.wait();
}

}  // namespace
}  // namespace penstock::core
