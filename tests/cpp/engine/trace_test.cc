#include "core/base/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/thread_pool.h"
#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/file_tree.h"
#include "tests/cpp/engine/json.h"
#include "tests/cpp/engine/meeting.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Span {
  std::string name;
  double begin, end;  // microseconds
};

// A trace file as its reader sees it.
struct TraceRead {
  std::map<double, std::vector<Span>> spans_by_row;  // in the order of the file
  std::map<double, std::string> row_names;
  double dropped_spans = 0;

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto &row : spans_by_row)
      for (const Span &span : row.second) names.push_back(span.name);
    return names;
  }
};

std::string read_text(const std::string &path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TraceRead read_trace(const std::string &path) {
  const JsonValue file = JsonReader::read(read_text(path));
  TraceRead trace;
  trace.dropped_spans = file["otherData"]["dropped_spans"].number;
  for (const JsonValue &event : file["traceEvents"].items) {
    EXPECT_EQ(event["pid"].number, getpid());
    if (event["ph"].string == "X") {
      const double begin = event["ts"].number;
      trace.spans_by_row[event["tid"].number].push_back({event["name"].string, begin, begin + event["dur"].number});
    } else if (event["name"].string == "thread_name") {
      EXPECT_EQ(trace.row_names.count(event["tid"].number), 0u) << "two rows of one number";
      trace.row_names[event["tid"].number] = event["args"]["name"].string;
    }
  }
  return trace;
}

class Trace : public ::testing::Test {
 protected:
  void start() { trace_start(path_); }
  TraceRead stop() {
    trace_stop();
    return read_trace(path_);
  }

  FileTree tree_;
  std::string path_ = tree_.path("trace.json");
};

TEST_F(Trace, HasTheSpansOfTheTimeItWasOn) {
  { const TraceSpan span("before"); }
  start();
  { const TraceSpan span("first"); }
  { const TraceSpan span("second"); }
  const TraceRead trace = stop();
  { const TraceSpan span("after"); }
  EXPECT_THAT(trace.names(), ElementsAre("first", "second"));
  EXPECT_EQ(trace.dropped_spans, 0);
}

TEST_F(Trace, MeasuresMicroseconds) {
  start();
  const auto begin = std::chrono::steady_clock::now();
  {
    const TraceSpan span("sleep");
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  const std::chrono::duration<double, std::micro> around = std::chrono::steady_clock::now() - begin;
  const TraceRead trace = stop();
  const Span span = trace.spans_by_row.begin()->second.front();
  EXPECT_GE(span.begin, 0);
  EXPECT_GE(span.end - span.begin, 3000);
  EXPECT_LE(span.end - span.begin, around.count());
}

// Each span lies within or behind the ones before it.
void expect_nested(const std::vector<Span> &spans) {
  constexpr double rounding = 1e-6;
  std::vector<Span> open;
  for (const Span &span : spans) {
    EXPECT_LE(span.begin, span.end);
    while (!open.empty() && open.back().end <= span.begin + rounding) open.pop_back();
    if (!open.empty()) {
      EXPECT_LE(span.end, open.back().end + rounding) << span.name << " in " << open.back().name;
    }
    open.push_back(span);
  }
}

TEST_F(Trace, HasOneRowAThreadAndNestsItsSpans) {
  start();
  ThreadPool pool;
  pool.set_num_threads(4);
  Meeting meeting(4);
  {
    const TraceSpan outer("outer");
    pool.run(4, [&](int64_t) {
      meeting.arrive_and_wait();
      const TraceSpan inner("inner");
    });
  }
  const TraceRead trace = stop();
  ASSERT_EQ(trace.spans_by_row.size(), 4u);
  for (const auto &row : trace.spans_by_row) {
    EXPECT_EQ(trace.row_names.count(row.first), 1u);
    EXPECT_EQ(std::count_if(row.second.begin(), row.second.end(), [](const Span &s) { return s.name == "shard"; }), 1);
    expect_nested(row.second);
  }
}

TEST_F(Trace, NamesItsRowsAsTheThreadsAre) {
  start();
  ThreadPool pool;
  pool.set_num_threads(2);
  Meeting meeting(2);
  pool.run(2, [&](int64_t) { meeting.arrive_and_wait(); });
  const TraceRead trace = stop();
  std::vector<std::string> names;
  for (const auto &row : trace.row_names) names.push_back(row.second);
  char this_thread[16] = "";
  pthread_getname_np(pthread_self(), this_thread, sizeof(this_thread));
  EXPECT_THAT(names, ::testing::UnorderedElementsAre(std::string(this_thread), "penstock-1"));
}

TEST_F(Trace, EscapesNamesAsJsonWantsThem) {
  start();
  std::thread([] {
    pthread_setname_np(pthread_self(), "a\"\\\n\xc3");
    const TraceSpan span("quote \" backslash \\ newline \n tab \t bell \x07 é");
  }).join();
  const TraceRead trace = stop();
  EXPECT_THAT(trace.names(), ElementsAre("quote \" backslash \\ newline \n tab \t bell \x07 é"));
  EXPECT_EQ(trace.row_names.begin()->second, "a\"\\\n?");
}

TEST_F(Trace, EndsOpenSpansWhereItStops) {
  start();
  const TraceSpan outer("outer");
  const TraceSpan inner("inner");
  const TraceRead trace = stop();
  const std::vector<Span> &spans = trace.spans_by_row.begin()->second;
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_GE(spans[0].end, spans[1].begin);
  EXPECT_NEAR(spans[0].end, spans[1].end, 1e-6);
}

TEST_F(Trace, LeavesOutASpanThatBeganBeforeIt) {
  {
    const TraceSpan before("before");
    start();
    const TraceSpan within("within");
  }
  EXPECT_THAT(stop().names(), ElementsAre("within"));
}

TEST_F(Trace, LeavesOutASpanThatIsOpenSinceAnEarlierTrace) {
  start();
  {
    const TraceSpan earlier("earlier");
    trace_stop();
    start();
    const TraceSpan later("later");
  }
  EXPECT_THAT(stop().names(), ElementsAre("later"));
}

TEST_F(Trace, KeepsTheSpansOfThreadsThatHaveEnded) {
  start();
  for (int thread = 0; thread < 3; ++thread) std::thread([] { const TraceSpan span("gone"); }).join();
  const TraceRead trace = stop();
  EXPECT_EQ(trace.spans_by_row.size(), 3u);
  EXPECT_THAT(trace.names(), ElementsAre("gone", "gone", "gone"));
}

TEST_F(Trace, KeepsAMillionSpansAThreadAndCountsTheOthers) {
  start();
  for (size_t span = 0; span < most_spans_of_a_thread + 5; ++span) const TraceSpan one("one");
  trace_stop();
  // Not read as JSON, which would take a hundred times the memory.
  std::ifstream file(path_);
  size_t spans = 0;
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, HasSubstr("\"dropped_spans\":5}"));
  while (std::getline(file, line))
    if (line.starts_with("{\"ph\":\"X\"")) ++spans;
  EXPECT_EQ(spans, most_spans_of_a_thread);
}

TEST_F(Trace, ReplacesAFileThatExists) {
  tree_.write("trace.json", std::string(10'000, 'x'));
  start();
  EXPECT_EQ(read_text(path_), "");
  EXPECT_THAT(stop().names(), ElementsAre());
}

TEST_F(Trace, RefusesToStartWhileItIsOn) {
  start();
  const std::string other = tree_.path("other.json");
  expect_failure(Status::invalid_argument, HasSubstr("already being recorded"), [&] { trace_start(other); });
  EXPECT_FALSE(std::filesystem::exists(other));
  { const TraceSpan span("goes on"); }
  EXPECT_THAT(stop().names(), ElementsAre("goes on"));
}

TEST_F(Trace, RefusesToStopWhileItIsOff) {
  expect_failure(Status::invalid_argument, HasSubstr("no trace is being recorded"), [] { trace_stop(); });
}

TEST_F(Trace, RefusesAPathThatCannotBeWritten) {
  const std::string path = tree_.path("nowhere/trace.json");
  expect_failure(Status::io_error, AllOf(HasSubstr(path), HasSubstr("No such file or directory")),
                 [&] { trace_start(path); });
  expect_failure(Status::io_error, HasSubstr("Is a directory"), [&] { trace_start(tree_.root()); });
  expect_failure(Status::invalid_argument, HasSubstr("no trace"), [] { trace_stop(); });
}

TEST_F(Trace, SaysWhenTheDiskIsFullAndHasEndedAllTheSame) {
  trace_start("/dev/full");
  { const TraceSpan span("lost"); }
  expect_failure(Status::io_error, AllOf(HasSubstr("/dev/full"), HasSubstr("No space left on device")),
                 [] { trace_stop(); });
  expect_failure(Status::invalid_argument, HasSubstr("no trace"), [] { trace_stop(); });
  start();
  EXPECT_THAT(stop().names(), ElementsAre());
}

TEST_F(Trace, MayStartAndStopWhileOtherThreadsOpenAndCloseSpans) {
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([&] {
      while (!enough) {
        const TraceSpan outer("outer");
        for (int round = 0; round < 5; ++round) const TraceSpan inner("inner");
        std::thread([] { const TraceSpan short_lived("short"); }).join();
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
  for (int round = 0; round < 20; ++round) {
    start();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (const auto &row : stop().spans_by_row) expect_nested(row.second);
  }
  enough = true;
  for (std::thread &thread : threads) thread.join();
}

TEST_F(Trace, IsOffInAForkedChildAndGoesOnInTheParent) {
  start();
  const TraceSpan open("open");
  const int result = child_result([&] {
    try {
      trace_stop();
      return 1;
    } catch (const Error &error) {
      return error.status() == Status::invalid_argument ? 0 : 2;
    }
  });
  EXPECT_EQ(result, 0);
  { const TraceSpan span("afterwards"); }
  EXPECT_THAT(stop().names(), ElementsAre("open", "afterwards"));
}

TEST_F(Trace, OfAForkedChildHasNothingOfItsParents) {
  start();
  { const TraceSpan span("parent's"); }
  const std::string path = tree_.path("child.json");
  const int result = child_result([&] {
    trace_start(path);
    { const TraceSpan span("child's"); }
    trace_stop();
    return read_trace(path).names() == std::vector<std::string>{"child's"} ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_THAT(stop().names(), ElementsAre("parent's"));
}

}  // namespace
}  // namespace penstock::core
