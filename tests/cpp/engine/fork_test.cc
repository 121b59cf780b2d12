#include "core/base/fork.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/log.h"
#include "core/base/thread_pool.h"
#include "core/base/trace.h"
#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/file_tree.h"
#include "tests/cpp/engine/meeting.h"
#include "tests/cpp/engine/sanitizers.h"

#if PENSTOCK_TEST_THREAD_SANITIZER
// Threads in a child of a process with threads are what is tested here; ThreadSanitizer gives up there unless told.
extern "C" __attribute__((visibility("default"))) const char *__tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace penstock::core {
namespace {

// 0 when a job of four shards that wait for each other is done by four threads.
int run_on_four_threads(ThreadPool &pool) {
  pool.set_num_threads(4);
  Meeting meeting(4);
  std::atomic<int> met{0};
  pool.run(4, [&](int64_t) {
    if (meeting.arrive_and_wait()) ++met;
  });
  return met == 4 ? 0 : 1;
}

// Threads that do something over and over until this goes, with pauses that leave the CPU to those who wait for it.
class BusyThreads {
 public:
  BusyThreads(int count, const std::function<void()> &action) {
    for (int thread = 0; thread < count; ++thread)
      threads_.emplace_back([this, action] {
        while (!enough_) {
          for (int round = 0; round < 20; ++round) action();
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      });
  }
  ~BusyThreads() {
    enough_ = true;
    for (std::thread &thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> enough_{false};
  std::vector<std::thread> threads_;
};

class Fork : public ::testing::Test {
 protected:
  ~Fork() override { process_pool().set_num_threads(0); }
};

TEST_F(Fork, LetsTheChildUseThePoolItsParentUsed) {
  ASSERT_EQ(run_on_four_threads(process_pool()), 0);
  EXPECT_EQ(child_result([] { return run_on_four_threads(process_pool()); }), 0);
  EXPECT_EQ(run_on_four_threads(process_pool()), 0);
}

TEST_F(Fork, LetsTheChildUseAPoolOfItsParentsOwn) {
  ThreadPool pool;
  ASSERT_EQ(run_on_four_threads(pool), 0);
  EXPECT_EQ(child_result([&] { return run_on_four_threads(pool); }), 0);
}

TEST_F(Fork, LetsTheChildDestroyAPoolOfItsParentsOwn) {
  auto *const pool = new ThreadPool;
  ASSERT_EQ(run_on_four_threads(*pool), 0);
  EXPECT_EQ(child_result([&] {
              delete pool;
              return 0;
            }),
            0);
  delete pool;
}

TEST_F(Fork, LetsTheChildForkAgain) {
  ASSERT_EQ(run_on_four_threads(process_pool()), 0);
  EXPECT_EQ(child_result([] {
              if (run_on_four_threads(process_pool()) != 0) return 1;
              return child_result([] { return run_on_four_threads(process_pool()); });
            }),
            0);
}

TEST_F(Fork, KeepsTheNumberOfThreadsThatWasSet) {
  process_pool().set_num_threads(3);
  EXPECT_EQ(child_result([] { return process_pool().num_threads(); }), 3);
}

TEST_F(Fork, LeavesThePoolUsableWhileOtherThreadsRunJobs) {
  process_pool().set_num_threads(3);
  const BusyThreads callers(2, [] { process_pool().run(5, [](int64_t) {}); });
  for (int round = 0; round < 10; ++round)
    EXPECT_EQ(child_result([] { return run_on_four_threads(process_pool()); }), 0);
}

TEST_F(Fork, LeavesLogAndTraceUsableWhileOtherThreadsUseThem) {
  const FileTree tree;
  static std::atomic<int> received;
  set_log_sink([](void *, LogLevel, const char *) { ++received; }, nullptr, LogLevel::info);
  trace_start(tree.path("parent.json"));
  {
    const BusyThreads users(3, [] {
      const TraceSpan span("span");
      log_message(LogLevel::info, "message");
    });
    for (int round = 0; round < 10; ++round)
      EXPECT_EQ(child_result([&] {
                  received = 0;
                  log_message(LogLevel::info, "message");
                  trace_start(tree.path("child.json"));
                  { const TraceSpan span("span"); }
                  trace_stop();
                  return received == 1 ? 0 : 1;
                }),
                0);
  }
  trace_stop();
  set_log_sink(nullptr, nullptr, LogLevel::off);
}

TEST_F(Fork, MayHappenWhileATraceIsStartedAndStopped) {
  const FileTree tree;
  const std::string path = tree.path("parent.json");
  const BusyThreads tracer(1, [&] {
    trace_start(path);
    { const TraceSpan span("span"); }
    trace_stop();
  });
  for (int round = 0; round < 10; ++round)
    EXPECT_EQ(child_result([&] {
                trace_start(tree.path("child.json"));
                trace_stop();
                return 0;
              }),
              0);
}

TEST_F(Fork, SaysInTheChildThatAJobItWasInCannotBeFinished) {
  // The caller forks between its shards, while a worker is in one of its own.
  struct State {
    Meeting worker_is_in{2}, worker_may_go{2};
    bool in_child = false;
    int child = -1;
  } state;
  const Progress forks_once{[](void *user, uint64_t, uint64_t) {
                              auto &state = *static_cast<State *>(user);
                              if (state.child != -1) return 0;
                              state.child = fork();
                              state.in_child = state.child == 0;
                              if (!state.in_child) state.worker_may_go.arrive_and_wait();
                              return 0;
                            },
                            &state};
  ThreadPool pool;
  pool.set_num_threads(2);
  const std::thread::id caller = std::this_thread::get_id();
  Status thrown = Status::ok;
  try {
    pool.run(
        2,
        [&](int64_t) {
          state.worker_is_in.arrive_and_wait();
          if (std::this_thread::get_id() != caller) state.worker_may_go.arrive_and_wait();
        },
        forks_once);
  } catch (const Error &error) {
    thrown = error.status();
  }
  if (state.in_child) _exit(thrown == Status::unavailable && run_on_four_threads(pool) == 0 ? 0 : 1);
  EXPECT_EQ(thrown, Status::ok);
  int status = -1;
  ASSERT_EQ(waitpid(state.child, &status, 0), state.child);
  EXPECT_EQ(status, 0);
}

// In a process begun anew and not forked, as programs are.
class Exit : public ::testing::Test {
 protected:
  Exit() { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

[[noreturn]] void exit_with_idle_workers() {
  alarm(seconds_until_a_child_hangs);
  std::exit(run_on_four_threads(process_pool()));
}

[[noreturn]] void exit_during_a_job() {
  alarm(seconds_until_a_child_hangs);
  process_pool().set_num_threads(4);
  static Meeting meeting(5);
  std::thread([] {
    process_pool().run(4, [](int64_t) {
      meeting.arrive_and_wait();
      while (true) {
        const TraceSpan span("span");
        log_message(LogLevel::debug, "message");
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    });
  }).detach();
  std::exit(meeting.arrive_and_wait() ? 0 : 1);
}

TEST_F(Exit, NeitherWaitsForIdleWorkersNorCrashes) {
  EXPECT_EXIT(exit_with_idle_workers(), ::testing::ExitedWithCode(0), "");
}

TEST_F(Exit, NeitherWaitsForAJobInProgressNorCrashes) {
  EXPECT_EXIT(exit_during_a_job(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace penstock::core
