#include "core/base/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/base/cpu_count.h"
#include "core/base/log.h"
#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/meeting.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A pool of so many threads, which are all sure to take part where shards wait for each other.
struct SizedPool : ThreadPool {
  explicit SizedPool(int32_t num_threads) { set_num_threads(num_threads); }
};

// The threads that ran shards.
class Runners {
 public:
  void add_this_thread() {
    const std::lock_guard lock(mutex_);
    threads_.insert(std::this_thread::get_id());
  }
  const std::set<std::thread::id> &threads() const { return threads_; }

 private:
  std::mutex mutex_;
  std::set<std::thread::id> threads_;
};

// ------------------------------------------------------------------------------------------------------------------ //
// What runs where

TEST(ThreadPool, RunsEachShardOnce) {
  SizedPool pool(4);
  std::vector<std::atomic<int>> calls(1000);
  pool.run(1000, [&](int64_t shard) { ++calls[static_cast<size_t>(shard)]; });
  EXPECT_TRUE(std::all_of(calls.begin(), calls.end(), [](const std::atomic<int> &count) { return count == 1; }));
}

TEST(ThreadPool, RunsNothingWhereThereAreNoShards) {
  SizedPool pool(4);
  pool.run(0, [](int64_t) { ADD_FAILURE(); });
  parallel_for(pool, 0, 16, [](Range) { ADD_FAILURE(); });
}

TEST(ThreadPool, RunsOneShardOnTheCaller) {
  SizedPool pool(4);
  std::thread::id runner;
  pool.run(1, [&](int64_t) { runner = std::this_thread::get_id(); });
  EXPECT_EQ(runner, std::this_thread::get_id());
}

TEST(ThreadPool, OfOneThreadRunsEverythingOnTheCaller) {
  SizedPool pool(1);
  Runners runners;
  pool.run(100, [&](int64_t) { runners.add_this_thread(); });
  EXPECT_THAT(runners.threads(), ElementsAre(std::this_thread::get_id()));
}

TEST(ThreadPool, WorksOnAsManyThreadsAsWereSet) {
  SizedPool pool(4);
  Runners runners;
  Meeting meeting(4);
  pool.run(4, [&](int64_t) {
    runners.add_this_thread();
    EXPECT_TRUE(meeting.arrive_and_wait());
  });
  EXPECT_EQ(runners.threads().size(), 4u);
  EXPECT_EQ(runners.threads().count(std::this_thread::get_id()), 1u);
}

// So that a job that is done again finds in each thread's cache what that thread wrote.
TEST(ThreadPool, GivesTheCallerTheFirstShardsAndAWorkerTheLast) {
  SizedPool pool(2);
  for (int time = 0; time < 100; ++time) {
    std::thread::id runners[2];
    Meeting meeting(2);
    pool.run(2, [&](int64_t shard) {
      runners[shard] = std::this_thread::get_id();
      EXPECT_TRUE(meeting.arrive_and_wait());
    });
    EXPECT_EQ(runners[0], std::this_thread::get_id());
    EXPECT_NE(runners[1], std::this_thread::get_id());
  }
}

TEST(ThreadPool, LeavesWorkersIdleWhenTheNumberIsLowered) {
  SizedPool pool(6);
  Meeting meeting(6);
  pool.run(6, [&](int64_t) { meeting.arrive_and_wait(); });
  pool.set_num_threads(2);
  std::atomic<int> running{0}, most{0};
  pool.run(50, [&](int64_t) {
    const int now = ++running;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    --running;
  });
  EXPECT_LE(most, 2);
}

TEST(ThreadPool, UsesMoreThreadsOnceTheNumberIsRaised) {
  SizedPool pool(2);
  pool.run(10, [](int64_t) {});
  pool.set_num_threads(5);
  Meeting meeting(5);
  pool.run(5, [&](int64_t) { EXPECT_TRUE(meeting.arrive_and_wait()); });
}

// Sums that differ in the last bits when their order changes.
std::vector<float> sums_of_sines(int32_t num_threads) {
  constexpr int64_t count = 100'000, grain = 777;
  SizedPool pool(num_threads);
  std::vector<float> sums(static_cast<size_t>(shard_count(count, grain)));
  parallel_for(pool, count, grain, [&](Range range) {
    float sum = 0;
    for (int64_t index = range.begin; index < range.end; ++index) sum += std::sin(static_cast<float>(index));
    sums[static_cast<size_t>(range.begin / grain)] = sum;
  });
  return sums;
}

TEST(ThreadPool, ComputesTheSameBytesOnAnyNumberOfThreads) {
  const std::vector<float> expected = sums_of_sines(1);
  for (const int32_t num_threads : {2, 3, 8}) {
    const std::vector<float> sums = sums_of_sines(num_threads);
    ASSERT_EQ(sums.size(), expected.size());
    EXPECT_EQ(std::memcmp(sums.data(), expected.data(), sums.size() * sizeof(float)), 0) << num_threads;
  }
}

TEST(ParallelFor, CutsByCountAndGrainAlone) {
  for (const int32_t num_threads : {1, 2, 7}) {
    SizedPool pool(num_threads);
    std::mutex mutex;
    std::vector<Range> ranges;
    parallel_for(pool, 10, 4, [&](Range range) {
      const std::lock_guard lock(mutex);
      ranges.push_back(range);
    });
    std::sort(ranges.begin(), ranges.end(), [](Range first, Range second) { return first.begin < second.begin; });
    EXPECT_THAT(ranges, ElementsAre(Range{0, 4}, Range{4, 8}, Range{8, 10}));
  }
}

TEST(ParallelFor, HandlesTheLargestCountsAndGrains) {
  constexpr int64_t largest = INT64_MAX;
  EXPECT_EQ(shard_count(largest, largest), 1);
  EXPECT_EQ(shard_count(largest, largest - 1), 2);
  EXPECT_EQ(shard_range(1, largest, largest - 1), (Range{largest - 1, largest}));
}

// ------------------------------------------------------------------------------------------------------------------ //
// How many threads

TEST(ThreadPool, IsSizedToTheCpusThisProcessMayUse) { EXPECT_EQ(ThreadPool().num_threads(), cpu_count()); }

TEST(ThreadPool, HasOneThreadWhereAffinityAllowsOneCpu) {
  ThreadPool pool;
  pool.num_threads();  // what the parent may use must not be what the child remembers
  EXPECT_EQ(child_result([&] {
              cpu_set_t one;
              CPU_ZERO(&one);
              CPU_SET(sched_getcpu(), &one);
              sched_setaffinity(0, sizeof(one), &one);
              return pool.num_threads();
            }),
            1);
}

TEST(ThreadPool, RefusesANumberOfThreadsOutsideItsLimits) {
  SizedPool pool(3);
  for (const int32_t number : {-1, 1025, INT32_MIN, INT32_MAX})
    expect_failure(Status::out_of_range, HasSubstr(std::to_string(number) + " is outside 0 (automatic) to 1024"),
                   [&] { pool.set_num_threads(number); });
  EXPECT_EQ(pool.num_threads(), 3);
}

TEST(ThreadPool, TakesTheLimitsThemselves) {
  SizedPool pool(1024);
  EXPECT_EQ(pool.num_threads(), 1024);
  pool.set_num_threads(0);
  EXPECT_EQ(pool.num_threads(), cpu_count());
}

TEST(ThreadPool, DoesWithoutThreadsThatTheSystemRefuses) {
  EXPECT_EQ(child_result([] {
              pthread_attr_t attributes;  // no address space has room for such a stack
              pthread_attr_init(&attributes);
              pthread_attr_setstacksize(&attributes, size_t{1} << 50);
              if (pthread_setattr_default_np(&attributes) != 0) return -1;
              SizedPool pool(4);
              std::atomic<int> calls{0};
              Runners runners;
              pool.run(100, [&](int64_t) {
                ++calls;
                runners.add_this_thread();
              });
              return calls == 100 && runners.threads().size() == 1 ? 0 : 1;
            }),
            0);
}

// ------------------------------------------------------------------------------------------------------------------ //
// Failures

TEST(ThreadPool, ThrowsWhatAShardThrew) {
  for (const int32_t num_threads : {1, 4}) {
    SizedPool pool(num_threads);
    expect_failure(Status::data_error, std::string("shard 3"), [&] {
      pool.run(10, [](int64_t shard) {
        if (shard == 3) fail(Status::data_error, "shard ", shard);
      });
    });
  }
}

TEST(ThreadPool, SkipsTheShardsBehindAFailure) {
  for (const int32_t num_threads : {1, 4}) {
    SizedPool pool(num_threads);
    std::atomic<int64_t> begun{0};
    EXPECT_THROW(pool.run(1'000'000'000'000,
                          [&](int64_t) {
                            ++begun;
                            throw std::runtime_error("shard");
                          }),
                 std::runtime_error);
    EXPECT_LE(begun, num_threads);
  }
}

TEST(ThreadPool, ThrowsTheFailureOfTheLowestShardWhereSeveralThrew) {
  SizedPool pool(4);
  for (int round = 0; round < 20; ++round) {
    Meeting meeting(4);
    expect_failure(Status::data_error, std::string("shard 0"), [&] {
      pool.run(4, [&](int64_t shard) {
        meeting.arrive_and_wait();
        fail(Status::data_error, "shard ", shard);
      });
    });
  }
}

TEST(ThreadPool, ThrowsOnlyAfterAllRunningShardsHaveEnded) {
  SizedPool pool(2);
  Meeting meeting(2);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> ended{false};
  EXPECT_THROW(pool.run(2,
                        [&](int64_t) {
                          const bool fails = std::this_thread::get_id() == caller;
                          meeting.arrive_and_wait();
                          if (fails) throw std::runtime_error("shard");
                          std::this_thread::sleep_for(std::chrono::milliseconds(20));
                          ended = true;
                        }),
               std::runtime_error);
  EXPECT_TRUE(ended);
}

TEST(ThreadPool, IsUsableAfterAFailure) {
  SizedPool pool(4);
  EXPECT_THROW(pool.run(100, [](int64_t) { throw std::runtime_error("shard"); }), std::runtime_error);
  std::atomic<int> calls{0};
  pool.run(100, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 100);
}

// ------------------------------------------------------------------------------------------------------------------ //
// Progress

struct Reports {
  std::vector<uint64_t> done;
  std::set<uint64_t> totals;
  std::set<std::thread::id> threads;
  uint64_t cancel_from = UINT64_MAX;  // so much done

  Progress progress() { return {add, this}; }
  static int32_t add(void *user, uint64_t done, uint64_t total) {
    auto &reports = *static_cast<Reports *>(user);
    reports.done.push_back(done);
    reports.totals.insert(total);
    reports.threads.insert(std::this_thread::get_id());
    return done >= reports.cancel_from ? 1 : 0;
  }
};

TEST(ThreadPoolProgress, NeverDecreasesAndEndsAtTheTotal) {
  for (const int32_t num_threads : {1, 2, 8}) {
    SizedPool pool(num_threads);
    Reports reports;
    pool.run(
        300, [](int64_t) {}, reports.progress());
    ASSERT_FALSE(reports.done.empty());
    EXPECT_TRUE(std::is_sorted(reports.done.begin(), reports.done.end()));
    EXPECT_EQ(reports.done.back(), 300u);
    EXPECT_THAT(reports.totals, ElementsAre(300u));
  }
}

TEST(ThreadPoolProgress, IsReportedOnTheCallerAlone) {
  SizedPool pool(4);
  Reports reports;
  Meeting meeting(4);
  pool.run(
      4, [&](int64_t) { meeting.arrive_and_wait(); }, reports.progress());
  EXPECT_THAT(reports.threads, ElementsAre(std::this_thread::get_id()));
}

TEST(ThreadPoolProgress, IsReportedWhileTheCallerWaitsForOthers) {
  // The worker's shard ends only after the caller, which has no shard of its own left, has reported again.
  SizedPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  struct Waiting {
    Meeting both{2}, reported_twice{2};
    int reports = 0;
  } waiting;
  const Progress progress{[](void *user, uint64_t, uint64_t) {
                            auto &state = *static_cast<Waiting *>(user);
                            if (++state.reports == 2) state.reported_twice.arrive_and_wait();
                            return 0;
                          },
                          &waiting};
  pool.run(
      2,
      [&](int64_t) {
        waiting.both.arrive_and_wait();
        if (std::this_thread::get_id() != caller) {
          EXPECT_TRUE(waiting.reported_twice.arrive_and_wait());
        }
      },
      progress);
}

TEST(ThreadPoolProgress, CancelsWhenToldTo) {
  for (const int32_t num_threads : {1, 4}) {
    SizedPool pool(num_threads);
    Reports reports;
    reports.cancel_from = 5;
    std::atomic<int64_t> begun{0};
    expect_failure(Status::cancelled, HasSubstr("cancelled by the progress callback"), [&] {
      pool.run(
          1'000'000'000'000, [&](int64_t) { ++begun; }, reports.progress());
    });
    EXPECT_GE(begun, 5);
    EXPECT_EQ(std::count_if(reports.done.begin(), reports.done.end(), [](uint64_t done) { return done >= 5; }), 1);
  }
}

TEST(ThreadPoolProgress, CancelsOnlyAfterAllRunningShardsHaveEnded) {
  SizedPool pool(2);
  Reports reports;
  reports.cancel_from = 0;
  Meeting meeting(2);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> ended{false};
  expect_failure(Status::cancelled, HasSubstr("cancelled"), [&] {
    pool.run(
        2,
        [&](int64_t) {
          meeting.arrive_and_wait();
          if (std::this_thread::get_id() == caller) return;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          ended = true;
        },
        reports.progress());
  });
  EXPECT_TRUE(ended);
}

TEST(ThreadPoolProgress, CancelsAtTheLastReportToo) {
  SizedPool pool(4);
  Reports reports;
  reports.cancel_from = 20;
  expect_failure(Status::cancelled, HasSubstr("after 20 of 20"), [&] {
    pool.run(
        20, [](int64_t) {}, reports.progress());
  });
}

// ------------------------------------------------------------------------------------------------------------------ //
// Several jobs at once

TEST(ThreadPool, RunsJobsOfJobs) {
  SizedPool pool(4);
  std::atomic<int> calls{0};
  pool.run(8, [&](int64_t) { pool.run(8, [&](int64_t) { pool.run(8, [&](int64_t) { ++calls; }); }); });
  EXPECT_EQ(calls, 512);
}

TEST(ThreadPool, SharesANestedJobWithOtherThreads) {
  SizedPool pool(3);
  Meeting meeting(2);  // where a worker has the nested job, the caller waits for it: two are free to share it
  pool.run(2, [&](int64_t shard) {
    if (shard == 0) pool.run(2, [&](int64_t) { EXPECT_TRUE(meeting.arrive_and_wait()); });
  });
}

TEST(ThreadPool, ThrowsThroughJobsOfJobs) {
  SizedPool pool(4);
  expect_failure(Status::data_error, std::string("inner"), [&] {
    pool.run(8, [&](int64_t) { pool.run(8, [](int64_t) { fail(Status::data_error, "inner"); }); });
  });
}

TEST(ThreadPool, ServesSeveralCallersAtOnce) {
  SizedPool pool(3);
  std::atomic<int> calls{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) pool.run(7, [&](int64_t) { ++calls; });
    });
  for (std::thread &caller : callers) caller.join();
  EXPECT_EQ(calls, 4 * 200 * 7);
}

TEST(ThreadPool, MayBeResizedWhileJobsRun) {
  SizedPool pool(2);
  std::atomic<bool> enough{false};
  std::thread resizer([&] {
    for (int32_t number = 1; !enough; number = number % 8 + 1) {
      pool.set_num_threads(number);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  std::atomic<int> calls{0};
  for (int round = 0; round < 500; ++round) pool.run(9, [&](int64_t) { ++calls; });
  enough = true;
  resizer.join();
  EXPECT_EQ(calls, 500 * 9);
}

// ------------------------------------------------------------------------------------------------------------------ //
// The workers

// Calls look on a worker of a pool of two.
template <typename Look>
void on_a_worker(const Look &look) {
  SizedPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  Meeting meeting(2);
  pool.run(2, [&](int64_t) {
    EXPECT_TRUE(meeting.arrive_and_wait());
    if (std::this_thread::get_id() != caller) look();
  });
}

TEST(ThreadPoolWorker, IsNamedAfterThePackage) {
  char name[16] = "";
  on_a_worker([&] { pthread_getname_np(pthread_self(), name, sizeof(name)); });
  EXPECT_STREQ(name, "penstock-1");
}

TEST(ThreadPoolWorker, LeavesSignalsToTheHostsThreads) {
  sigset_t blocked;
  on_a_worker([&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
  for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGPROF, SIGWINCH})
    EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
}

TEST(ThreadPoolWorker, LetsTheHostHandleItsFaults) {
  sigset_t blocked;
  on_a_worker([&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    EXPECT_EQ(sigismember(&blocked, signal), 0) << signal;
}

TEST(ThreadPoolWorker, StartsWithoutChangingTheCallersSignals) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  on_a_worker([] {});
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < SIGRTMIN; ++signal)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
}

TEST(ThreadPoolWorker, IsMentionedInTheLogWhenItStarts) {
  std::vector<std::string> messages;
  set_log_sink([](void *user, LogLevel,
                  const char *message) { static_cast<std::vector<std::string> *>(user)->emplace_back(message); },
               &messages, LogLevel::debug);
  SizedPool(3).run(3, [](int64_t) {});
  set_log_sink(nullptr, nullptr, LogLevel::off);
  EXPECT_THAT(messages, ElementsAre("thread pool: 2 workers started, 2 in all"));
}

size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(ThreadPoolWorker, IsNotStartedBeforeAJobNeedsIt) {
  const size_t before = threads_of_this_process();
  SizedPool pool(4);
  pool.run(1, [](int64_t) {});
  EXPECT_EQ(threads_of_this_process(), before);
}

TEST(ThreadPoolWorker, EndsWithItsPool) {
  SizedPool(2).run(2, [](int64_t) {});  // a sanitizer's own thread, if any, is there from now on
  const size_t before = threads_of_this_process();
  {
    SizedPool pool(4);
    Meeting meeting(4);
    pool.run(4, [&](int64_t) { meeting.arrive_and_wait(); });
    EXPECT_EQ(threads_of_this_process(), before + 3);
  }
  // The system may show a thread that was joined for a moment more.
  for (int look = 0; look < 1000 && threads_of_this_process() != before; ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(threads_of_this_process(), before);
}

double cpu_milliseconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

TEST(ThreadPoolWorker, UsesNoCpuWhileThereIsNothingToDo) {
  SizedPool pool(8);
  Meeting meeting(8);
  pool.run(8, [&](int64_t) { meeting.arrive_and_wait(); });
  const double before = cpu_milliseconds();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_LT(cpu_milliseconds() - before, 50);  // one thread that spins would use a thousand
}

}  // namespace
}  // namespace penstock::core
