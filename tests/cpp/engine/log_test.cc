#include "core/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/thread_pool.h"
#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/meeting.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

// A part of a message that there is no memory for.
struct TooLarge {};
void append_part(std::string &, TooLarge) { throw std::bad_alloc(); }

class Log : public ::testing::Test {
 protected:
  // A list without a lock: calls never overlap, and ThreadSanitizer watches that.
  struct Received {
    std::vector<std::pair<LogLevel, std::string>> messages;
    static void add(void *user, LogLevel level, const char *message) {
      static_cast<Received *>(user)->messages.emplace_back(level, message);
    }
    std::vector<std::string> texts() const {
      std::vector<std::string> texts;
      for (const auto &message : messages) texts.push_back(message.second);
      return texts;
    }
  };

  ~Log() override { set_log_sink(nullptr, nullptr, LogLevel::off); }

  void receive(LogLevel level) { set_log_sink(Received::add, &received_, level); }

  Received received_;
};

TEST_F(Log, WritesWarningsAndErrorsAsLinesOnStandardErrorAtFirst) {
  CaptureStderr();
  log_message(LogLevel::error, "disk ", 3, " is on fire");
  log_message(LogLevel::warning, "it is warm");
  log_message(LogLevel::info, "it was spring");
  log_message(LogLevel::debug, "tick");
  EXPECT_EQ(GetCapturedStderr(), "penstock: error: disk 3 is on fire\npenstock: warning: it is warm\n");
}

TEST_F(Log, LetsNoMessageStartALineOrSteerATerminal) {
  CaptureStderr();
  log_message(LogLevel::warning, "member \"a\npenstock: error: b\x1b[2J\x7f", "\" is skipped");
  EXPECT_EQ(GetCapturedStderr(), "penstock: warning: member \"a?penstock: error: b?[2J?\" is skipped\n");
}

TEST_F(Log, SendsALevelAndTheMoreSevereOnes) {
  const auto received_at = [&](LogLevel least) {
    received_.messages.clear();
    receive(least);
    for (const auto level : {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug})
      log_message(level, "message");
    return received_.messages.size();
  };
  EXPECT_EQ(received_at(LogLevel::off), 0u);
  EXPECT_EQ(received_at(LogLevel::error), 1u);
  EXPECT_EQ(received_at(LogLevel::warning), 2u);
  EXPECT_EQ(received_at(LogLevel::info), 3u);
  EXPECT_EQ(received_at(LogLevel::debug), 4u);
}

TEST_F(Log, HandsTheSinkLevelAndText) {
  receive(LogLevel::debug);
  log_message(LogLevel::info, "shape ", 2, "x", 3, '!');
  EXPECT_THAT(received_.messages, ElementsAre(std::pair(LogLevel::info, std::string("shape 2x3!"))));
}

TEST_F(Log, BuildsNoTextForALevelThatIsOff) {
  receive(LogLevel::info);
  log_message(LogLevel::debug, TooLarge{});
  EXPECT_THAT(received_.texts(), ElementsAre());
}

TEST_F(Log, NullSinkGoesBackToStandardErrorWhateverTheLevelSays) {
  receive(LogLevel::debug);
  set_log_sink(nullptr, &received_, LogLevel::off);
  CaptureStderr();
  log_message(LogLevel::warning, "back");
  log_message(LogLevel::info, "quiet");
  EXPECT_EQ(GetCapturedStderr(), "penstock: warning: back\n");
  EXPECT_THAT(received_.texts(), ElementsAre());
}

TEST_F(Log, RefusesALevelThatIsNone) {
  receive(LogLevel::error);
  for (const int32_t level : {-1, 5})
    expect_failure(Status::invalid_argument, HasSubstr("level " + std::to_string(level)),
                   [&] { set_log_sink(nullptr, nullptr, static_cast<LogLevel>(level)); });
  log_message(LogLevel::error, "still here");
  EXPECT_THAT(received_.texts(), ElementsAre("still here"));
}

TEST_F(Log, DropsWhatTheSinkItselfLogs) {
  static int calls;
  calls = 0;
  set_log_sink(
      [](void *, LogLevel, const char *) {
        ++calls;
        log_message(LogLevel::error, "from inside");
      },
      nullptr, LogLevel::debug);
  log_message(LogLevel::info, "from outside");
  EXPECT_EQ(calls, 1);
}

TEST_F(Log, DropsWhatAJobLogsThatTheSinkStarted) {
  static std::atomic<int> calls;
  calls = 0;
  static ThreadPool *pool;
  ThreadPool own;
  own.set_num_threads(2);
  pool = &own;
  own.run(2, [meeting = Meeting(2)](int64_t) mutable { meeting.arrive_and_wait(); });  // so that the worker is there
  set_log_sink(
      [](void *, LogLevel, const char *) {
        ++calls;
        Meeting meeting(2);
        pool->run(2, [&](int64_t) {
          meeting.arrive_and_wait();
          log_message(LogLevel::error, "from inside");
        });
      },
      nullptr, LogLevel::info);
  log_message(LogLevel::info, "from outside");
  EXPECT_EQ(calls, 1);
}

TEST_F(Log, RefusesANewSinkFromInsideASink) {
  static Status status;
  status = Status::ok;
  set_log_sink(
      [](void *, LogLevel, const char *) {
        try {
          set_log_sink(nullptr, nullptr, LogLevel::off);
        } catch (const Error &error) {
          status = error.status();
        }
      },
      nullptr, LogLevel::debug);
  log_message(LogLevel::info, "message");
  EXPECT_EQ(status, Status::invalid_argument);
}

TEST_F(Log, NeverFailsForWantOfMemory) {
  receive(LogLevel::debug);
  log_message(LogLevel::warning, "a ", TooLarge{});
  EXPECT_THAT(received_.texts(), ElementsAre(HasSubstr("no memory")));
}

TEST_F(Log, SurvivesASinkThatThrows) {
  set_log_sink([](void *, LogLevel, const char *) { throw std::runtime_error("sink"); }, nullptr, LogLevel::debug);
  log_message(LogLevel::info, "first");
  receive(LogLevel::debug);
  log_message(LogLevel::info, "second");
  EXPECT_THAT(received_.texts(), ElementsAre("second"));
}

TEST_F(Log, NeverCallsTheSinkTwiceAtOnce) {
  receive(LogLevel::info);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([] {
      for (int message = 0; message < 500; ++message) log_message(LogLevel::info, "message ", message);
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(received_.messages.size(), 2000u);
}

TEST_F(Log, CallsASinkNoMoreOnceItIsReplaced) {
  std::atomic<bool> enough{false};
  std::thread other([&] {
    while (!enough) {
      for (int message = 0; message < 100; ++message) log_message(LogLevel::info, "message");
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  for (int round = 0; round < 100; ++round) {
    auto *const sink_data = new Received;
    set_log_sink(Received::add, sink_data, LogLevel::info);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    set_log_sink(nullptr, nullptr, LogLevel::off);
    delete sink_data;  // a call from here on is AddressSanitizer's to report
  }
  enough = true;
  other.join();
}

TEST_F(Log, WorksInAChildForkedWhileAnotherThreadIsInTheSink) {
  static Meeting *inside, *forked;
  Meeting first(2), second(2);
  inside = &first;
  forked = &second;
  set_log_sink(
      [](void *, LogLevel, const char *) {
        inside->arrive_and_wait();
        forked->arrive_and_wait();
      },
      nullptr, LogLevel::info);
  std::thread other([] { log_message(LogLevel::info, "message"); });
  first.arrive_and_wait();
  const int result = child_result([&] {
    receive(LogLevel::info);
    log_message(LogLevel::info, "from the child");
    return static_cast<int>(received_.messages.size());
  });
  second.arrive_and_wait();
  other.join();
  EXPECT_EQ(result, 1);
}

TEST_F(Log, WorksInAChildForkedFromInsideTheSink) {
  static int result;
  result = -1;
  set_log_sink(
      [](void *, LogLevel, const char *) {
        result = child_result([] {
          log_message(LogLevel::info, "dropped");
          return 7;
        });
      },
      nullptr, LogLevel::info);
  log_message(LogLevel::info, "message");
  EXPECT_EQ(result, 7);
  receive(LogLevel::info);
  log_message(LogLevel::info, "goes on");
  EXPECT_THAT(received_.texts(), ElementsAre("goes on"));
}

}  // namespace
}  // namespace penstock::core
